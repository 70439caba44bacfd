import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { CASES } from '../chaos/cases.js';
import { GUARDS } from '../chaos/guards.js';
import { ROOT } from '../support/import-graph.js';
import { applyEdits } from '../support/variant/cut.js';

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('every guard stands where its entry says, and has a name of its own', () => {
  for (const { edits } of GUARDS) expect(applyEdits(edits, textOf).size).toBeGreaterThan(0);
  const names = GUARDS.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

test('every guard has a proof, and every proof is there', () => {
  const cases = CASES.map(({ name }) => name);
  const missing = GUARDS.flatMap(({ name, proofs }) => [
    ...(proofs.length === 0 ? [`${name} has no proof`] : []),
    ...proofs
      .filter((proof) => (proof.kind === 'case' ? !cases.includes(proof.name) : !hasTest(proof.writtenIn, proof.name)))
      .map((proof) => `${name}: ${proof.name}`),
  ]);
  expect(missing).toEqual([]);
});

const hasTest = (file: string, name: string): boolean => textOf(file).includes(`test('${name}'`);
