import { expect, test } from '@jest/globals';
import { mailText } from '../../../activities/mail/templates.js';
import { detailsOf } from '../../../workflows/epic/details.js';
import type { Epic } from '../../../workflows/epic/epic.state.js';
import { positionOf } from '../../../workflows/epic/position.js';
import { settle } from '../../../workflows/epic/settle.js';
import { withoutStuck, withStuck } from '../../../workflows/epic/stuck.js';
import { EpicSim } from '../../support/epic-sim.js';

const atWork = async (facts: ConstructorParameters<typeof EpicSim>[1] = {}): Promise<EpicSim> => {
  const sim = new EpicSim({ 'first task': [], second: ['first task'] }, facts);
  await sim.drain();
  return sim;
};
const words = (epic: Epic): string => {
  const { state, phase, waitingFor } = positionOf(epic);
  return `${state} ${phase}: ${waitingFor ?? '-'}`;
};

test('planning says who has to do something next', async () => {
  const { epic } = new EpicSim({}, { approval: 'plan' });
  const { version: _, ...none } = epic.plan;
  const model: Epic = { ...epic, slots: 1, plan: none, constants: { ...epic.constants, planner: 'model' } };
  const run = { runId: 'r', kind: 'planning', mailIds: [], heardAtMs: 0, held: false, stopSent: false } as const;
  expect([
    words(epic),
    words({ ...epic, plan: { ...epic.plan, approved: 1 } }),
    words({ ...epic, plan: none }),
    words(model),
    words({ ...model, run: { ...run, state: 'waiting' } }),
    words({ ...model, run: { ...run, state: 'paused', waitingFor: 'a person to lift its budget limit' } }),
    words({ ...model, plan: { ...none, failed: 'no idea' } }),
    words({ ...model, pausedBy: ['person', 'factory'] }),
  ]).toMatchInlineSnapshot(`
[
  "PLANNING awaiting_approval: ada to approve version 1 of the plan",
  "PLANNING planning: a free place in the factory",
  "PLANNING planning: ada to give the plan",
  "PLANNING planning: its planner boss",
  "PLANNING planning: the answer to its planner’s question",
  "PLANNING planning: its planner boss, which waits for a person to lift its budget limit",
  "BLOCKED planning: ada to give a plan, or to resume the epic for another try",
  "PLANNING planning: a person to resume it and the factory to be thawed",
]
`);
});

test('work says what it waits for, people first', async () => {
  const { epic } = await atWork();
  const as = (state: 'BLOCKED' | 'FAILED' | 'COMPLETED', reason = ''): Epic => ({
    ...epic,
    tasks: epic.tasks.map((task, i) => ({
      ...task,
      state: i === 0 ? state : 'SKIPPED',
      open: state === 'BLOCKED',
      reason,
    })),
  });
  const done = as('COMPLETED');
  const held: Epic = {
    ...epic,
    tasks: epic.tasks.map((task, i) => (i === 0 ? { ...task, reason: 'its run, which waits for a person' } : task)),
  };
  const pr = { number: 7, url: null };
  const queued = { kind: 'queued', headSha: 'h', entryId: 'e' } as const;
  expect([
    words(epic),
    words(as('BLOCKED', 'which port?')),
    words(held),
    words({ ...epic, slots: 0, tasks: epic.tasks.map((task) => ({ ...task, open: false, reason: '' })) }),
    words(as('FAILED')),
    words({ ...epic, lanes: { epic: 'red: unit fails' } }),
    words({ ...done, pr, landing: { kind: 'open', headSha: 'h' } }),
    words({ ...done, pr, landing: queued, lanes: { main: 'paused: incident' } }),
    words({
      ...done,
      pr,
      landing: { kind: 'ejected', entryId: 'e', reason: 'CHECKS_FAILED', next: 'look at the log' },
    }),
    words({ ...epic, cancel: { by: 'ada' } }),
    words({ ...epic, ended: { kind: 'cancelled' } }),
  ]).toMatchInlineSnapshot(`
[
  "IN_PROGRESS executing: its tasks",
  "IN_PROGRESS executing: somebody to unblock “first task” (which port?)",
  "IN_PROGRESS executing: its tasks; “first task” waits for its run, which waits for a person",
  "IN_PROGRESS executing: a free worker of the factory",
  "BLOCKED executing: ada to retry or cancel “first task”",
  "IN_PROGRESS executing: its tasks; the merge queue of epic is red: unit fails",
  "IN_PROGRESS awaiting_merge: ada to land pull request #7",
  "IN_PROGRESS integrating: the merge queue of main, which is paused: incident",
  "BLOCKED awaiting_merge: ada to mend it (look at the log) and to land it again",
  "IN_PROGRESS executing: its runs and tasks to end",
  "CANCELLED executing: -",
]
`);
});

test('the log of an epic says what blocked it, and that this is gone', async () => {
  const { epic, clock } = await atWork();
  const lost = { type: 'Unavailable', message: 'the forge is down' } as const;
  const blocked = settle(withStuck(epic, 'openPullRequest', lost, 0), clock);
  const going = settle(withoutStuck(blocked, 'openPullRequest'), clock);
  expect(going.log.pending.map(({ data }) => data)).toEqual([
    { from: 'IN_PROGRESS', to: 'BLOCKED', reason: 'the forge is down' },
    { from: 'BLOCKED', to: 'IN_PROGRESS', reason: 'what blocked it is gone' },
  ]);
});

test('a step that failed blocks the epic, is tried ever later, and is forgotten when it succeeds', async () => {
  const { epic } = await atWork();
  const lost = { type: 'Unavailable', message: 'the forge is down' } as const;
  const once = withStuck(epic, 'openPullRequest', lost, 0);
  const twice = withStuck(once, 'openPullRequest', lost, 0);
  expect([once, twice].map((e) => e.stuck.map(({ tries, untilMs }) => ({ tries, untilMs })))).toEqual([
    [{ tries: 1, untilMs: 1_000 }],
    [{ tries: 2, untilMs: 2_000 }],
  ]);
  expect(positionOf(once)).toMatchObject({ state: 'BLOCKED', blockedReason: 'the forge is down' });
  const denied = withStuck(epic, 'openPullRequest', { type: 'PermissionDenied', message: 'no right to push' }, 0);
  expect(denied.stuck[0]?.untilMs).toBeUndefined();
  expect(words(denied)).toContain('a person to mend this and resume the epic: no right to push');
  expect(positionOf(withStuck(epic, 'save', lost, 0)).state).toBe('IN_PROGRESS');
  expect(withoutStuck(twice, 'openPullRequest').stuck).toEqual([]);
});

test('the mail about a step that failed says the command that sets the epic going, and asks for no answer', async () => {
  const { epic } = await atWork();
  const mailOf = (type: 'Unavailable' | 'PermissionDenied') => {
    const stuck = withStuck(epic, 'openPullRequest', { type, message: 'no push' }, 0);
    return settle(stuck, { nowMs: 0, newId: () => 'm' }).mail.map(({ template }) => mailText(template));
  };
  expect(mailOf('Unavailable')).toMatchInlineSnapshot(`
[
  {
    "body": "What keeps it:

no push

It tries again by itself, ever later. Once this is mended, \`millwright epic resume e\` has it try at once. Or \`millwright epic cancel e\`.",
    "kind": "escalation",
    "subject": "The epic cannot go on",
  },
]
`);
  expect(mailOf('PermissionDenied')).toMatchInlineSnapshot(`
[
  {
    "body": "What keeps it:

no push

Mend this, then \`millwright epic resume e\`: nothing else sets it going again. Or \`millwright epic cancel e\`.",
    "kind": "escalation",
    "subject": "The epic cannot go on",
  },
]
`);
});

test('the Web UI shows title, state, whom it waits for, and every child by id', async () => {
  const { epic } = await atWork();
  expect(detailsOf(epic)).toMatchInlineSnapshot(`
"### An epic

**IN_PROGRESS** · executing

Waits for its tasks.

Project sample, branch \`epic\` → \`main\`, plan version 1, 1 slots.

| task | state | workflow |
|---|---|---|
| first task | PENDING | \`task/first task\` |
| second | PENDING | \`task/second\` |"
`);
});

test('a limited forge blocks nothing and asks nobody: the step is tried when the forge says so', async () => {
  const { epic } = await atWork();
  const atMs = Date.UTC(2026, 10, 22, 10, 0);
  const failure = { type: 'RateLimited', message: 'the forge limits us' } as const;
  const limited = withStuck(epic, 'openPullRequest', { ...failure, forge: { ms: 70 * 60_000 } }, atMs);
  expect(words(limited)).toBe('IN_PROGRESS executing: the forge’s limit, until 2026-11-22 11:10 UTC');
  expect(limited.stuck).toMatchObject([{ tries: 0, untilMs: atMs + 70 * 60_000 }]);
  expect(settle(limited, { nowMs: atMs, newId: () => 'm' }).mail).toEqual(epic.mail);
  const shut = withStuck(epic, 'openPullRequest', { ...failure, forge: { ms: 120_000, shut: 'ARCHIVED' } }, atMs);
  expect(words(shut)).toBe('BLOCKED executing: another try (a person may resume it at once): the forge limits us');
  expect(settle(shut, { nowMs: atMs, newId: () => 'm' }).mail).toHaveLength(epic.mail.length + 1);
  // What is broken beside it is what a person must hear of.
  const broken = withStuck(limited, 'createBranch', { type: 'PermissionDenied', message: 'no' }, atMs);
  expect(words(broken)).toBe('BLOCKED executing: a person to mend this and resume the epic: no');
});
