import { expect, test } from '@jest/globals';
import type { VerifyOutcome } from '../../../workflows/checks/verify.js';
import type { TaskPorts } from '../../../workflows/task/ports.js';
import { verifyHead } from '../../../workflows/task/verify-head.js';
import { TASK_FACTS } from '../../support/task-facts.js';

const HEAD = { facts: TASK_FACTS, headSha: 'head', onTip: 'base', verification: 1, tries: 0 };
const SOME: VerifyOutcome = { kind: 'infra', error: 'whatever comes of it', machineMs: 1 };
const CONFLICT: VerifyOutcome = { kind: 'conflict', entryId: 'task-1', files: ['a'], machineMs: 0 };
const MOVED: VerifyOutcome = { kind: 'tipMoved', tip: 'other', machineMs: 0 };

/** Verifies against a branch whose tip is named anew each time, with these outcomes; answers on which tips. */
async function verified(...outcomes: readonly VerifyOutcome[]) {
  const on: string[] = [];
  let looks = 0;
  const ports = {
    reads: { readTip: async () => ({ sha: `tip-${++looks}` }) },
    verify: async ({ base }: { readonly base: string }) => {
      on.push(base);
      return outcomes[on.length - 1] ?? MOVED;
    },
  } as unknown as TaskPorts; // what is not asked here is not there
  return { outcome: await verifyHead(ports, HEAD), on };
}

test('a head is verified once on the tip', async () => {
  expect(await verified(SOME)).toEqual({ outcome: SOME, on: ['tip-1'] });
});

test('a tip that moved meanwhile is read again, a few times', async () => {
  expect(await verified(MOVED, SOME)).toEqual({ outcome: SOME, on: ['tip-1', 'tip-2'] });
  expect((await verified()).outcome).toMatchObject({ kind: 'infra', error: expect.stringContaining('moved') });
});

test('a head that conflicts with the tip is judged on what it contains', async () => {
  expect(await verified(CONFLICT, SOME)).toEqual({ outcome: SOME, on: ['tip-1', 'base'] });
});
