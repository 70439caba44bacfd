// What people and other workflows say to a run: what is refused, and what counts once.
import { expect, test } from '@jest/globals';
import {
  type AgentRunState,
  become,
  carry,
  ended,
  outcomeOf,
  restore,
} from '../../../workflows/agent-run/agent-run.state.js';
import * as controls from '../../../workflows/agent-run/controls.js';
import { afterTurn } from '../../../workflows/agent-run/next-act.js';
import type { ToolEffect } from '../../../workflows/contract/activities/agents.js';
import type { RunFacts } from '../../../workflows/contract/activities/store.js';
import type { AgentRunInput } from '../../../workflows/contract/agent-run.js';

const INPUT: AgentRunInput = {
  runId: 'r1',
  projectId: 'p',
  kind: 'execution',
  agentName: 'worker',
  attempt: 1,
  round: 1,
  parentWorkflowId: 'task/t',
  host: { hostQueue: 'h', treeId: 't' },
  context: {},
  tuning: 'brisk',
};
const BY = { by: 'ada' };
const step = (before: AgentRunState, after: AgentRunState) => become(before, after, { nowMs: 1, reason: 'r' });
const fresh = restore(INPUT, 0);
const atWork = step(fresh, { ...fresh, facts: { deadlineMs: 60_000 } as RunFacts, revision: 4 });
const paused = controls.paused(atWork);
const refused = (run: AgentRunState, cmd: Parameters<typeof controls.whyNotStop>[1] = BY) =>
  [controls.whyNotPause, controls.whyNotStop, controls.whyNotResume].map((why) => why(run, cmd)?.type);

test('a run that has ended or is stopping takes no controls', () => {
  const invalid = ['InvalidState', 'InvalidState', 'InvalidState'];
  expect(refused(paused)).toEqual([undefined, undefined, undefined]);
  expect(refused(controls.stopped(paused, BY))).toEqual(invalid);
  expect(refused(step(atWork, ended(paused, outcomeOf(paused, { kind: 'timeout' }))))).toEqual(invalid);
});

test('a control for an older revision of a run is stale', () => {
  const stale = ['StaleVersion', 'StaleVersion', 'StaleVersion'];
  expect(refused(paused, { ...BY, expectedRevision: 3 })).toEqual(stale);
  expect(refused(paused, { ...BY, expectedRevision: 4 })).toEqual([undefined, undefined, undefined]);
});

test('a person resumes their own pause of a run and the budget’s, not what its task holds', () => {
  const held = controls.held(atWork, { by: 'parent', on: true });
  expect(controls.whyNotResume(held, BY)?.message).toMatch(/held by its task/);
  expect(controls.whyNotResume(atWork, BY)?.type).toBe('InvalidState');
  expect(controls.whyNotResume({ ...atWork, pausedBy: ['budget'] }, BY)).toBeUndefined();
  expect(controls.resumed(controls.paused(held)).pausedBy).toEqual(['parent']);
});

test('the first stop of a run wins, but one for a cancelled task replaces it', () => {
  const byAda = controls.stopped(atWork, BY);
  expect(controls.stopped(byAda, { by: 'bob' }).stop).toEqual(BY);
  const cancelling = controls.stopped(byAda, { by: 'temporal', cancel: true });
  expect(cancelling.stop).toEqual({ by: 'temporal', cancel: true });
  expect(controls.stopped(cancelling, { by: 'bob', cancel: true })).toBe(cancelling);
});

test('a mail that is told to a run twice is handed over once, and lifts its budget once, also in a later history', () => {
  const limited: AgentRunState = { ...atWork, pausedBy: ['budget'], budgetMailId: 'q1' };
  const answer = { mailId: 'm1', answers: 'q1' };
  const lifted = controls.mailed(limited, answer);
  expect([lifted.budgetGrants, lifted.pausedBy, lifted.inbox]).toEqual([1, [], ['m1']]);
  const readIt = { ...lifted, inbox: [], pausedBy: ['budget'], budgetMailId: 'q1' } as const;
  const later = restore({ ...INPUT, carried: JSON.parse(JSON.stringify(carry(readIt))) }, 2);
  expect(controls.mailed(later, answer)).toEqual(readIt);
});

test('a run waits for every question that it asked, and for none whose answer has come, however early', () => {
  const question = (mailId: string) => ({ mailId, of: 'supervisor' as const });
  const asking: AgentRunState = { ...atWork, asked: [question('q1'), question('q2')] };
  const once = controls.mailed(asking, { mailId: 'a1', answers: 'q1' });
  expect(once).toMatchObject({ asked: [{ mailId: 'q2' }], inbox: ['a1'], answered: ['q1'] });
  expect(controls.mailed(once, { mailId: 'a2', answers: 'of another' }).asked).toEqual([question('q2')]);
  expect(controls.mailed(once, { mailId: 'a3', answers: 'q2' }).asked).toEqual([]);
});

test('a completion that was rolled back with its turn ends no run; a block and a question of it stand', () => {
  const after = (effects: readonly ToolEffect[]) =>
    afterTurn(
      { ...atWork, inbox: ['m1', 'm2'] },
      { kind: 'rolledBack', host: INPUT.host, effects, reason: 'the host is gone' },
      { handed: { mailIds: ['m1'], notes: [] }, nowMs: 0, budgetMailId: 'm' },
    );
  const asked = { kind: 'asked', mailId: 'q1', of: 'supervisor' } as const;
  const completed = after([asked, { kind: 'completed', summary: 'all done' }]);
  expect(completed).toMatchObject({ asked: [{ mailId: 'q1' }], inbox: ['m2'], lostTurns: 1 });
  expect(completed.ending).toBeUndefined();
  expect(completed.notes).toHaveLength(2);
  const blocked = after([{ kind: 'blocked', reason: 'no key' }]);
  expect(blocked.ending).toEqual({ kind: 'blocked', reason: 'no key' });
  expect(blocked.notes).toHaveLength(1);
});
