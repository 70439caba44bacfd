// The epic's own runs: their trees, their mail, and which of them is the last.
import { expect, test } from '@jest/globals';
import * as controls from '../../../workflows/epic/controls.js';
import type { Epic, EpicRun } from '../../../workflows/epic/epic.state.js';
import { nextRunStep, runChanged, runFinished } from '../../../workflows/epic/runs.js';
import { lostTasks } from '../../../workflows/epic/tasks.js';
import { EpicSim } from '../../support/epic-sim.js';

const BY = { by: 'ada' };
const HOST = { hostQueue: 'h', treeId: 't' };
const RUN: EpicRun = { runId: 'r', kind: 'planning', mailIds: [], heardAtMs: 0, held: false, stopSent: false };
const atWork = async (): Promise<EpicSim> => {
  const sim = new EpicSim({ a: [] });
  await sim.drain();
  return sim;
};
const asked = (mailId: string) => (epic: Epic) => controls.mailCame(epic, { mailId });

test('the tree of a run that has ended is given back', async () => {
  const sim = await atWork();
  sim.change(asked('m1'));
  await sim.drain();
  const runId = sim.run?.runId;
  sim.endRun({ kind: 'completed', summary: 's', host: HOST });
  await sim.drain();
  expect(sim.released).toEqual([runId]);
});

test('an epic that is cancelled while it takes a tree gives it back and starts no run on it', async () => {
  const sim = await atWork();
  sim.taking = () => sim.change((epic) => controls.cancel(epic, BY, sim.clock));
  sim.change(asked('m1'));
  await sim.drain();
  expect(sim.released).toHaveLength(1);
  expect([sim.run, sim.epic.run, sim.epic.ended?.kind]).toEqual([undefined, undefined, 'cancelled']);
});

test('a run for which no tree can be taken is none, and its mail waits for the next', async () => {
  const sim = await atWork();
  sim.taking = () => {
    throw new Error('no host');
  };
  sim.change(asked('m1'));
  await expect(sim.drain()).rejects.toThrow('no host');
  expect([sim.epic.run, sim.epic.inbox]).toEqual([undefined, ['m1']]);
});

test('a waiting run is sent what came since, once', async () => {
  const sim = await atWork();
  sim.change(asked('m1'));
  await sim.drain();
  const runId = sim.run?.runId ?? '';
  sim.change((epic) => runChanged(epic, { runId, state: 'waiting' }, sim.nowMs));
  sim.change(asked('m2'));
  await sim.drain();
  expect(sim.forwarded).toEqual(['m2']);
  expect(sim.epic).toMatchObject({ inbox: [], run: { mailIds: ['m1', 'm2'] } });
});

test('mail that a run had and has not read, and that waits still, is read once', async () => {
  const { epic, clock } = await atWork();
  const stopped: EpicRun = { ...RUN, kind: 'supervision', stopSent: true };
  const outcome = { kind: 'cancelled', host: HOST, unread: ['m1', 'm2'] } as const;
  const after = runFinished({ ...epic, inbox: ['m2', 'm3'] }, stopped, outcome, clock);
  expect(after.inbox).toEqual(['m1', 'm2', 'm3']);
});

test('a planner that failed is asked again, but for one that no agent can mend or that gave up', async () => {
  const { epic, clock } = await atWork();
  const { applied: _, version: __, ...plan } = epic.plan;
  const unplanned: Epic = { ...epic, plan, run: RUN };
  const failed = { kind: 'failed', reason: 'no key', agentFault: false, host: HOST } as const;
  const planAfter = (outcome: Parameters<typeof runFinished>[2]) => runFinished(unplanned, RUN, outcome, clock).plan;
  expect(planAfter(failed)).toMatchObject({ tries: 1, errors: ['no key'] });
  expect(planAfter(failed).failed).toBeUndefined();
  expect(planAfter({ ...failed, needsPerson: true }).failed).toBe('no key');
  expect(planAfter({ kind: 'blocked', reason: 'no idea', host: HOST }).failed).toBe('no idea');
});

test('a factory that has heard an epic is asked again when it was silent for long, one that is not there soon', async () => {
  const askedAt = async (isFactoryGone: boolean) => {
    const sim = new EpicSim({ a: [] });
    sim.factory = () => undefined;
    sim.isFactoryGone = isFactoryGone;
    await sim.drain();
    const { asked: ask, timing } = sim.epic;
    return { ms: (ask?.atMs ?? 0) + timing.silentMs - sim.nowMs, timing };
  };
  const heard = await askedAt(false);
  expect(heard.ms).toBe(heard.timing.silentMs);
  const gone = await askedAt(true);
  expect(gone.ms).toBe(gone.timing.retryMs);
});

test('a task that died again is not lost before its pause is over', async () => {
  const { epic, nowMs } = await atWork();
  const tasks = epic.tasks.map((task): Epic['tasks'][number] => ({
    ...task,
    state: 'IN_PROGRESS',
    open: false,
    startAfterMs: nowMs + 1,
  }));
  const lostAt = (atMs: number) => lostTasks({ ...epic, tasks }, atMs).map(({ id }) => id);
  expect([lostAt(nowMs), lostAt(nowMs + 1)]).toEqual([[], ['a']]);
});

test('a supervision that is asked once more is told what the last one left', async () => {
  const { epic, nowMs } = await atWork();
  const contextFor = (askedAgain: readonly string[]) => {
    const step = nextRunStep({ ...epic, inbox: ['m1', 'm2'], askedAgain }, nowMs);
    return step?.kind === 'startRun' ? step.context : undefined;
  };
  expect(contextFor(['m2'])).toMatchObject({ mailIds: ['m1', 'm2'], previousFailure: expect.any(String) });
  expect(contextFor(['of an earlier run'])).toEqual({ mailIds: ['m1', 'm2'] });
});

test('what a run said last is how it ended, whatever is heard of it afterwards', async () => {
  const { epic } = await atWork();
  const outcome = { kind: 'completed', summary: 's', host: HOST } as const;
  const ended = runChanged({ ...epic, run: RUN }, { runId: 'r', state: 'completed', outcome }, 1);
  expect(ended.run).toMatchObject({ outcome, heardAtMs: 1 });
  const late = { kind: 'lost', reason: 'late', host: HOST } as const;
  expect(runChanged(ended, { runId: 'r', state: 'failed', outcome: late }, 2)).toBe(ended);
});
