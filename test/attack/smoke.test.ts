import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../support/import-graph.js';
import { applyEdits } from '../support/variant/cut.js';
import { CONTROLS } from './controls.js';
import { FAMILIES } from './families.js';
import { isStopped, type Result } from './vector.js';

test('every control stands where its entry says', () => {
  for (const { edits } of CONTROLS) applyEdits(edits, (file) => readFileSync(join(ROOT, file), 'utf8'));
});

test('every control stops a vector, and every vector names controls that there are', () => {
  const named = FAMILIES.flatMap(({ vectors }) => vectors.flatMap(({ controls }) => controls));
  expect([...new Set(named)].sort()).toEqual(CONTROLS.map(({ name }) => name).sort());
});

test.each(FAMILIES.map((family) => [family.name, family] as const))(
  'a short attack is stopped: %s',
  async (_, family) => {
    const results: Result[] = [];
    await family.attack(
      ({ isSmoke }) => isSmoke === true,
      (result) => results.push(result),
    );
    expect(results.filter((result) => !isStopped(result))).toEqual([]);
    expect(results.length).toBeGreaterThan(1);
  },
);

test('without a control the attack goes red', () => {
  const argv = [join(ROOT, 'dist/test/attack/main.js'), '--without', 'git.branch-names'];
  const { status, stdout } = spawnSync(process.execPath, argv, {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect([status, stdout]).toEqual([1, expect.stringContaining('THROUGH')]);
});
