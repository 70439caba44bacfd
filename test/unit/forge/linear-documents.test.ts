import { expect, test } from '@jest/globals';
import { parse, validate } from 'graphql';
import * as account from '../../../infra/forge/linear/account.js';
import type { Document } from '../../../infra/forge/linear/document.js';
import * as documents from '../../../infra/forge/linear/documents.js';
import { LINEAR_SCHEMA } from '../../support/linear/schema.js';

type AnyDocument = Pick<Document<unknown, object>, 'name' | 'text' | 'creates'>;

const EXPORTED: readonly unknown[] = Object.values({ ...documents, ...account });
const ALL = EXPORTED.filter((one): one is AnyDocument => typeof one === 'object' && one !== null && 'text' in one);

test('every document fits the schema that Linear publishes', () => {
  expect(ALL.length).toBe(17);
  for (const { name, text } of ALL)
    expect({ name, errors: validate(LINEAR_SCHEMA, parse(text)).map(String) }).toEqual({ name, errors: [] });
});

test('every document has a name of its own, and is known to create by what it does', () => {
  expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length);
  expect(ALL.every(({ name, text }) => name !== '' && text.includes(` ${name}`))).toBe(true);
  const creating = ALL.filter(({ creates }) => creates).map(({ name }) => name);
  expect(creating.toSorted()).toEqual(['Attach', 'CreateComment', 'React']);
});
