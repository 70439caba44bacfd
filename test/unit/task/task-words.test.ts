import { expect, test } from '@jest/globals';
import { taskWaits } from '../../../domain/task-timing.js';
import type { VerifyOutcome } from '../../../workflows/checks/verify.js';
import type { TaskFacts } from '../../../workflows/contract/activities/store.js';
import { afterEnqueued, afterStart, afterVerified } from '../../../workflows/task/after-step.js';
import { runClosed, runSaid } from '../../../workflows/task/controls.js';
import { openedWith } from '../../../workflows/task/opening.js';
import { become, changedOf, restore } from '../../../workflows/task/task.state.js';
import { runWords } from '../../../workflows/task/texts.js';
import { waitingFor } from '../../../workflows/task/waiting-for.js';
import { TASK_FACTS } from '../../support/task-facts.js';

const INPUT = { taskId: 'task-1', attempt: 1, tuning: 'brisk' } as const;
const HOST = { hostQueue: 'host-a', treeId: 'tree-1' };

test('a task says what an admin switched off, once, and what no check has looked at is not called passed', () => {
  const change = { nowMs: 1, reason: 'r' };
  const facts: TaskFacts = { ...TASK_FACTS, caveats: ['checks: none'] };
  const opened = become(restore(INPUT), openedWith(restore(INPUT), facts), change);
  const candidate = { parent: 'tip', commit: 'c', tree: 't' };
  const outcome: VerifyOutcome = { kind: 'passed', candidate, evidence: [], flakyTests: [], machineMs: 0 };
  const asked = { nowMs: 2, waits: taskWaits('brisk') };
  const { log } = become(opened, afterVerified(opened, { kind: 'verified', outcome, tries: 0 }, asked), change);
  const said = log.pending.filter(({ type }) => type !== 'task.state');
  expect(said.map(({ type, decision }) => [type, decision?.title, decision?.decision])).toEqual([
    ['task.caveat', 'checks: none', 'by an admin'],
    ['task.checks', 'checks, round 1', 'nothing checked'],
  ]);
});

test('a program that met a time limit of its own says which', () => {
  const run = { runId: 'r1', next: { kind: 'execution', context: {}, opensAttempt: true }, nowMs: 0 } as const;
  const opened = { ...openedWith(restore(INPUT), { ...TASK_FACTS, attempts: 5 }), host: HOST };
  const ended = runClosed(afterStart(opened, run), 'r1', {
    kind: 'timeout',
    reason: 'It ran longer than 6 s.',
    host: HOST,
  });
  expect(JSON.stringify(ended.stage)).toContain('It ran longer than 6 s.');
});

test('the log says why a run failed, and of a blocked task what keeps it, not what made it look', () => {
  const run = { runId: 'r1', next: { kind: 'execution', context: {}, opensAttempt: true }, nowMs: 0 } as const;
  const opened = become(restore(INPUT), openedWith(restore(INPUT), TASK_FACTS), { nowMs: 1, reason: 'r' });
  const running = become(opened, afterStart({ ...opened, host: HOST }, run), { nowMs: 2, reason: 'r' });
  const outcome = { kind: 'failed', reason: 'no key', agentFault: false, host: HOST } as const;
  const reason = runWords({ runId: 'r1', state: 'failed', outcome });
  expect(reason).toBe('run ended: failed, no key');
  const { state, log } = become(running, runClosed(running, 'r1', outcome), { nowMs: 3, reason });
  expect([state, log.pending.at(-1)?.data]).toEqual([
    'BLOCKED',
    { from: 'IN_PROGRESS', to: 'BLOCKED', reason: 'no key' },
  ]);
});

test('an epic hears that the agent of its task sleeps over a question', () => {
  const run = { runId: 'r1', next: { kind: 'execution', context: {}, opensAttempt: true }, nowMs: 0 } as const;
  const running = afterStart({ ...openedWith(restore(INPUT), TASK_FACTS), host: HOST }, run);
  const reasonIn = (state: 'running' | 'waiting') =>
    changedOf(runSaid(running, { runId: 'r1', state }, 1), INPUT).reason;
  expect([reasonIn('running'), reasonIn('waiting')]).toEqual([undefined, 'an answer to its agent']);
});

test('a task whose queue drains says that it waits for the queue', () => {
  const opened = { ...openedWith(restore(INPUT), TASK_FACTS), host: HOST };
  const outcome = { kind: 'refused', code: 'LANE_DRAINING', message: 'draining' } as const;
  const refused = afterEnqueued(opened, { kind: 'enqueued', outcome }, { nowMs: 1, waits: taskWaits('brisk') });
  expect(waitingFor(refused)).toBe('the merge queue to take entries again');
});
