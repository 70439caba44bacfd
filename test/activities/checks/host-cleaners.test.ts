import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHostCleaners } from '../../../activities/checks/host-cleaners.js';

const HOUR_MS = 3_600_000;
const LAYER = 'a'.repeat(64);
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'millwright-cleaners-'));
  for (const path of [
    'sandbox/scratch/run-1',
    'sandbox/program-1',
    'sandbox/empty',
    'sandbox/etc-1',
    `layers/p/${LAYER}/out`,
    'layers/p/unfinished-1',
    'results',
  ]) {
    await mkdir(join(home, path), { recursive: true });
  }
  await writeFile(join(home, 'results/r'), '{}');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const cleanIn = async (hours: number, when: 'start' | 'sweep' = 'sweep'): Promise<readonly string[]> => {
  const directories = {
    sandbox: join(home, 'sandbox'),
    layers: join(home, 'layers'),
    checkResults: join(home, 'results'),
  };
  let removed = 0;
  for (const clean of createHostCleaners(directories, () => Date.now() + hours * HOUR_MS)) removed += await clean(when);
  const left = (await readdir(home, { recursive: true })).filter((path) => path.split('/').length > 1);
  return [`${removed} removed`, ...left.sort()];
};

const KEPT = ['sandbox/empty', 'sandbox/etc-1', 'sandbox/scratch'];

test('what may still be in use stays', async () => {
  expect((await cleanIn(23))[0]).toBe('0 removed');
});

test('at the start of a process nothing is in use: ruins go at once, results and layers stay', async () => {
  const cleaned = await cleanIn(0.001, 'start');
  expect(cleaned[0]).toBe('3 removed');
  expect(cleaned).toEqual(expect.arrayContaining(['results/r', `layers/p/${LAYER}/out`, ...KEPT]));
});

test('ruins of killed commands and old results go after a day, layers after a month without use', async () => {
  expect(await cleanIn(26)).toEqual(['4 removed', 'layers/p', `layers/p/${LAYER}`, `layers/p/${LAYER}/out`, ...KEPT]);
  expect(await cleanIn(31 * 24)).toEqual(['1 removed', 'layers/p', ...KEPT]);
});
