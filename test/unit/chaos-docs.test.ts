import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { CASES } from '../chaos/cases.js';
import { markdownTable } from '../chaos/markdown.js';
import { ROOT } from '../support/import-graph.js';

const page = readFileSync(join(ROOT, 'docs/chaos.md'), 'utf8');

test('the page lists every case as the suite runs it (npm run chaos -- --markdown prints the table)', () => {
  const table = page.slice(page.indexOf('| case'), page.lastIndexOf('|') + 1);
  expect(unpadded(table)).toEqual(unpadded(markdownTable(CASES)));
});

test('no two cases have one name, and each name begins with its row of the fault matrix', () => {
  const names = CASES.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect(names.filter((name) => !/^\d+-[a-z0-9-]+$/.test(name))).toEqual([]);
});

/** Formatters pad the columns. */
const unpadded = (table: string): readonly string[] =>
  table.split('\n').map((line) => line.replace(/ +/g, ' ').replace(/-{3,}/g, '---'));
