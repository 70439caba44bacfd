import { expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { ownerForgeEventSignal } from '../../workflows/contract/forge-event.js';
import { runWorkflowId } from '../../workflows/contract/ids.js';
import { cancelUpdate, mailSignal, resumeUpdate } from '../../workflows/contract/messages.js';
import { until } from '../support/until.js';
import { gate, openGate } from './support/gate.js';
import { by } from './support/refusal.js';
import { calls, complete, failure, RunWorld } from './support/run-world.js';
import { reaches, refusedRun, silentRun, slowRun, TaskSuite } from './support/task-suite.js';
import { TaskWorld } from './support/task-world.js';

const suite = TaskSuite.use();

test('an agent that ends badly gets five attempts, then the task fails', async () => {
  const world = new TaskWorld();
  world.scripts = [silentRun];
  const { task, owner } = await suite.start(world);
  expect(await task.result()).toMatchObject({ kind: 'failed', reason: expect.stringContaining('attempt 5 of 5') });
  expect(world.runs.map(({ opened }) => opened?.attempt)).toEqual([1, 2, 3, 4, 5]);
  expect(world.row).toMatchObject({ state: 'FAILED', attempts: 5 });
  expect(world.mails.map(({ template }) => template.kind)).toEqual(['attempts_exhausted']);
  expect(world.released).toEqual(['tree-1']);
  expect((await owner()).tasks.at(-1)).toMatchObject({ state: 'FAILED', wantsSlot: false });
  // Saved with the mark by which the store counts crashes of the agent.
  expect(world.runs.map(({ row }) => row)).toEqual(Array(5).fill(expect.objectContaining({ crashed: true })));
});

test('a run that changed nothing is a failed attempt, and the next one goes on', async () => {
  const world = new TaskWorld();
  world.onCommit = (_input, count) => (count === 1 ? { kind: 'no_change' } : undefined);
  const { task, landed } = await suite.start(world);
  await landed();
  await task.result();
  expect(world.runs.map(({ opened }) => opened?.attempt)).toEqual([1, 2]);
  expect(world.states()).toEqual([
    'ASSIGNED',
    'IN_PROGRESS',
    'PENDING',
    'ASSIGNED',
    'IN_PROGRESS',
    'REVIEW',
    'COMPLETED',
  ]);
});

test('work that is ignored altogether fails in words, and every next attempt is told', async () => {
  const world = new TaskWorld();
  world.onCommit = () => ({ kind: 'no_change', ignored: ['a.log', 'b.log'] });
  const { task } = await suite.start(world);
  const reason = 'nothing to commit: a.log, b.log are ignored by .gitignore';
  expect(await task.result()).toMatchObject({ kind: 'failed', reason: `${reason} (attempt 5 of 5)` });
  expect(world.row).toMatchObject({ state: 'FAILED', failureReason: `${reason} (attempt 5 of 5)` });
  expect(world.runs.slice(1).map(({ opened }) => opened?.context)).toEqual(
    Array.from({ length: 4 }, () => ({
      previousSummary: expect.any(String),
      previousFailure: reason,
      ignoredFiles: ['a.log', 'b.log'],
    })),
  );
});

test('an outage of the model blocks the task, and a resume goes on with a new run', async () => {
  const world = new TaskWorld();
  world.scripts = [refusedRun, () => new RunWorld([complete])];
  const { task, landed } = await suite.start(world);
  await reaches(world, 'BLOCKED');
  expect(world.row).toMatchObject({ attempts: 1, blockedReason: 'PermissionDenied for the test' });
  await until(() => world.mails.length === 1);
  expect(await task.executeUpdate(resumeUpdate, by)).toMatchObject({ state: 'IN_PROGRESS' });
  await landed();
  await task.result();
  expect(world.runs[1]?.opened?.parentRunId).toBe(world.runs[0]?.opened?.runId);
});

test('a run that was killed is started again from the last checkpoint and counts as no attempt', async () => {
  const world = new TaskWorld();
  world.scripts = [
    () => new RunWorld([{ reply: calls('host-1') }, { reply: calls('host-slow'), tools: { 'host-slow': gate() } }]),
    () => new RunWorld([complete]),
  ];
  const { task, landed } = await suite.start(world);
  await until(() => world.runs[0]?.toolCalls.length === 2);
  await suite.client.workflow.getHandle(runWorkflowId(world.runs[0]?.opened?.runId ?? '')).terminate('killed');
  openGate();
  await landed();
  await task.result();
  expect(world.runs.map(({ opened }) => opened?.attempt)).toEqual([1, 1]);
  expect(world.trees.map(({ at }) => at)).toEqual([undefined, 'tip-1']);
});

test('a run whose end nobody told is asked after', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun, () => new RunWorld([complete])];
  const { task, landed } = await suite.start(world, { input: { timing: { silentRunMs: 1000 }, maxEvents: 60 } });
  await until(() => world.runs[0]?.toolCalls.length === 1);
  const runId = world.runs[0]?.opened?.runId ?? '';
  suite.worlds.statusOf = (workflowId) => (workflowId === runWorkflowId(runId) ? 'absent' : 'open');
  await until(() => world.runs.length === 2);
  suite.worlds.statusOf = () => 'open';
  openGate();
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
});

test('a host that dies while it commits costs nothing but another tree', async () => {
  const world = new TaskWorld();
  world.onCommit = (_input, count) => (count === 1 ? failure('WorktreeLost') : undefined);
  const { task, landed } = await suite.start(world);
  await landed();
  await task.result();
  expect(world.trees.map(({ at }) => at)).toEqual([undefined, 'checkpoint-0']);
  expect(world.runs).toHaveLength(1);
  expect(world.row.attempts).toBe(1);
});

test('a task that finds no host with room says so, and goes on by itself once there is some', async () => {
  const world = new TaskWorld();
  const full = gate();
  const asked: boolean[] = [];
  world.onClaim = async ({ isPatient = false }) => {
    asked.push(isPatient);
    if (isPatient) await full;
    return isPatient
      ? undefined
      : { kind: 'full', host: 'anvil', directory: '/srv/trees', freeBytes: 2 ** 29, wantedBytes: 2 ** 30 };
  };
  const { task, landed, owner } = await suite.start(world);
  const words = 'room on the disk of anvil that holds /srv/trees: 0.5 GiB are free, and below 1.0 GiB no work begins';
  await until(() => world.row.waitingFor === words);
  expect(world.row.state).toBe('PENDING');
  await until(async () => (await owner()).tasks.at(-1)?.reason === words);
  openGate();
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(asked).toEqual([false, true]);
  expect(world.row).toMatchObject({ attempts: 1, waitingFor: null });
  expect(world.mails).toEqual([]);
});

test('a task that no host takes asks a person, not its supervisor', async () => {
  const world = new TaskWorld();
  world.onClaim = () => {
    throw ApplicationFailure.nonRetryable('nobody', 'Unavailable');
  };
  const { task } = await suite.start(world);
  await reaches(world, 'BLOCKED');
  await until(() => world.mails.length === 1);
  expect(world.mails[0]).toMatchObject({ template: { kind: 'no_host' }, to: { kind: 'human', id: 'ada' } });
  await task.executeUpdate(cancelUpdate, by);
  await task.result();
});

test('a branch that somebody else moved needs a person', async () => {
  const world = new TaskWorld();
  world.onCommit = () => failure('Conflict');
  const { task } = await suite.start(world);
  await reaches(world, 'BLOCKED');
  expect(world.row.blockedReason).toBe('Conflict for the test');
  await task.executeUpdate(cancelUpdate, by);
  await task.result();
});

test('a worker that restarts in the middle changes nothing', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { task, landed } = await suite.start(world);
  await until(() => world.runs[0]?.toolCalls.length === 1);
  await suite.rig.stopWorkers();
  openGate();
  await suite.rig.startWorkers();
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.runs).toHaveLength(1);
});

test('a task continues as new with its mail, its run and its log', async () => {
  const world = new TaskWorld();
  world.scripts = [slowRun];
  const { task, landed } = await suite.start(world, { input: { maxEvents: 20 } });
  await until(() => world.runs[0]?.toolCalls.length === 1);
  for (let index = 0; index < 12; index += 1) await task.signal(mailSignal, { mailId: `mail-${index % 3}` });
  const first = suite.client.workflow.getHandle(task.workflowId, task.firstExecutionRunId, { followRuns: false });
  await until(async () => (await first.describe()).status.name === 'CONTINUED_AS_NEW');
  const run = suite.client.workflow.getHandle(runWorkflowId(world.runs[0]?.opened?.runId ?? ''));
  const delivered = async () =>
    (await run.fetchHistory()).events?.filter(
      ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName === 'mail',
    ).length;
  await until(async () => (await delivered()) === 3);
  openGate();
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.runs[0]?.modelCalls.at(-1)?.mailIds).toEqual(['mail-0', 'mail-1', 'mail-2']);
  expect(world.states()).toEqual(['ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'COMPLETED']);
  expect(world.entries.map(({ number }) => number)).toEqual(world.entries.map((_, index) => index + 1));
});

test('a restored task goes on from what was pushed', async () => {
  const world = new TaskWorld();
  world.facts = { state: 'REVIEW', headSha: 'head-9', baseSha: 'tip-0', prNumber: 7, attempts: 2 };
  const { task, landed } = await suite.start(world);
  await landed();
  await task.result();
  expect(world.runs).toEqual([]);
  expect(world.enqueued).toMatchObject([{ headSha: 'head-9' }]);
});

test('a restored task whose entry is live waits for it, and one that landed completes', async () => {
  const queued = new TaskWorld();
  const pushed = { state: 'REVIEW', headSha: 'head-9', baseSha: 'tip-0', prNumber: 7 } as const;
  queued.facts = { ...pushed, entry: { entryId: 'entry-1', state: 'queued' } };
  const waiting = await suite.start(queued);
  await until(async () => (await waiting.owner()).tasks.length > 0);
  await waiting.task.signal(ownerForgeEventSignal, {
    kind: 'entryLanded',
    entryId: 'entry-1',
    prNumber: 7,
    mergeSha: 'm',
  });
  expect(await waiting.task.result()).toEqual({ kind: 'completed', mergeSha: 'm' });
  const landedWorld = new TaskWorld();
  landedWorld.facts = { ...pushed, entry: { entryId: 'entry-1', state: 'landed', landedSha: 'm' } };
  const { task } = await suite.start(landedWorld);
  expect(await task.result()).toEqual({ kind: 'completed', mergeSha: 'm' });
  expect([queued.verified, landedWorld.verified]).toEqual([[], []]);
});

test('a restored task without a head goes on from its last checkpoint', async () => {
  const world = new TaskWorld();
  world.facts = { state: 'IN_PROGRESS', baseSha: 'tip-0', checkpointSha: 'checkpoint-5' };
  const { task, landed } = await suite.start(world);
  await landed();
  await task.result();
  expect(world.trees.map(({ at }) => at)).toEqual(['checkpoint-5']);
  expect(world.commits[0]?.parents).toEqual(['tip-0']);
});

test('a task whose agent is not registered is blocked until a person resumes it', async () => {
  const world = new TaskWorld();
  world.refusal = failure('InvalidInput');
  const { task, landed } = await suite.start(world);
  await reaches(world, 'BLOCKED');
  expect(world.row).toMatchObject({ blockedReason: 'InvalidInput for the test', waitingFor: 'a person to resume it' });
  world.refusal = undefined;
  world.facts = { ...world.facts, state: 'BLOCKED' };
  await task.executeUpdate(resumeUpdate, by);
  await landed();
  expect(await task.result()).toMatchObject({ kind: 'completed' });
  expect(world.states()).toEqual(['PENDING', 'ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'COMPLETED']);
});
