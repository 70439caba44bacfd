import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../support/import-graph.js';

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly license?: string; readonly dev?: boolean }>
  >;
}

/** Names no licence in its manifest; its LICENSE file is the Unlicense. */
const UNLICENSE = 'node_modules/unionfs';

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
const versionsOf = (name: RegExp): readonly string[] => [
  ...new Set(
    Object.entries(lock.packages)
      .filter(([path]) => name.test(path))
      .map(([, { version = '' }]) => version),
  ),
];

test('every @temporalio package has one exact version', () => {
  expect(versionsOf(/node_modules\/@temporalio\/[^/]+$/)).toEqual(['1.24.0']);
});

test('one protobufjs 8 serves all of them, or histories read from JSON do not replay', () => {
  const eights = Object.entries(lock.packages).filter(
    ([path, { version = '' }]) => /node_modules\/protobufjs$/.test(path) && version.startsWith('8.'),
  );
  expect(eights.map(([path]) => path)).toEqual(['node_modules/protobufjs']);
});

test('what is shipped has a licence that goes with Apache-2.0', () => {
  const fine =
    /^(MIT|MIT-0|ISC|0BSD|Apache-2\.0|BSD-[23]-Clause|BlueOak-1\.0\.0|Unlicense|CC0-1\.0|Python-2\.0|CC-BY-4\.0|PostgreSQL|\(.*\bMIT\b.*\)|.* OR .*|.*MIT.*)$/;
  const odd = Object.entries(lock.packages)
    .filter(([path, { dev, license }]) => path !== '' && path !== UNLICENSE && !dev && !fine.test(license ?? 'none'))
    .map(([path, { license }]) => `${path}: ${license}`);
  expect(odd).toEqual([]);
});

test('the lockfile names no host of a registry', () => {
  expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved":/);
});
