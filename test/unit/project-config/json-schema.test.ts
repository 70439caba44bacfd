import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { fileJsonSchema } from '../../../domain/project-config/json-schema.js';

const published = new URL('../../../docs/millwright.schema.json', import.meta.url);

test('the published schema is the one that the validator follows', async () => {
  expect(JSON.parse(await readFile(published, 'utf8'))).toEqual(fileJsonSchema());
});

test('editors see the same mistakes as we do', () => {
  const validate = new Ajv({ strict: false }).compile({ ...fileJsonSchema() });
  expect(validate({ version: 1, checks: [{ name: 'test', run: 'npm test' }], merge: { policy: 'sequential' } })).toBe(
    true,
  );
  for (const wrong of [
    {},
    { version: 2 },
    { version: 1, merge: { policy: 'speculative' } },
    { version: 1, sandbox: 'none' },
    { version: 1, checks: [{ name: 'x' }] },
  ]) {
    expect(validate(wrong)).toBe(false);
  }
});
