import { expect, test } from '@jest/globals';
import { CASES } from '../chaos/cases.js';
import { runCase } from '../chaos/run-case.js';

/** One moment of the whole suite, `npm run chaos`: the one at which most guards have to hold together. */
const SMOKE = '1-kill-merge-after-call-before-record';

test('a worker that is killed between a merge and its record merges once', async () => {
  const smoke = CASES.find(({ name }) => name === SMOKE);
  expect(smoke && (await runCase(smoke, 1))).toEqual({ kind: 'passed', ms: expect.any(Number) });
}, 600_000);
