// What an epic does while its own pull request is in the merge queue.
import { expect, test } from '@jest/globals';
import type { EntryState } from '../../../domain/merge/types.js';
import type { TaskState } from '../../../domain/states.js';
import type { QueueForgeEvent } from '../../../workflows/contract/forge-event.js';
import type { EnqueueOutcome } from '../../../workflows/contract/merge-queue.js';
import * as controls from '../../../workflows/epic/controls.js';
import type { Epic } from '../../../workflows/epic/epic.state.js';
import { forgeEvent, type Landing, type Queued, type Rebase } from '../../../workflows/epic/landing.js';
import { landingStep } from '../../../workflows/epic/landing-step.js';
import { EpicSim } from '../../support/epic-sim.js';

const REBASE: Rebase = { requestId: 'q', files: ['x'], taskId: 'fix', added: true };
const QUEUED: Queued = { kind: 'queued', headSha: 'h', entryId: 'e1' };
const inQueue = (epic: Epic, landing: Landing, fix?: TaskState): Epic => {
  const tasks = epic.tasks.map((task): Epic['tasks'][number] => ({ ...task, state: 'COMPLETED', open: false }));
  const added = tasks.slice(0, fix ? 1 : 0).map((task) => ({ ...task, id: 'fix', state: fix ?? task.state }));
  return { ...epic, pr: { number: 7, url: null }, tasks: [...tasks, ...added], landing };
};
const atWork = async (): Promise<EpicSim> => {
  const sim = new EpicSim({ a: [] });
  await sim.drain();
  return sim;
};

test('an epic in the queue adds the task that the queue asks for, says when it is done, and leaves when it is given up', async () => {
  const { epic, nowMs } = await atWork();
  const step = (landing: Queued, fix?: TaskState) => landingStep(inQueue(epic, landing, fix), nowMs);
  expect(step(QUEUED)).toBeUndefined();
  const asked = { ...QUEUED, rebase: { ...REBASE, added: false } };
  expect(step(asked)).toEqual({ kind: 'addIntegrationTask', taskId: 'fix', files: ['x'] });
  const added = { ...QUEUED, rebase: REBASE };
  expect(step(added, 'IN_PROGRESS')).toBeUndefined();
  expect(step(added, 'FAILED')).toBeUndefined();
  expect(step(added, 'COMPLETED')).toEqual({ kind: 'sayResolved' });
  const withdraw = { kind: 'withdraw', entryId: 'e1' };
  expect(step(added, 'CANCELLED')).toEqual({ ...withdraw, reason: 'its rebase was CANCELLED' });
  const leaving = (sent: boolean) => step({ ...added, withdrawing: { reason: 'r', sent } }, 'COMPLETED');
  expect(leaving(false)).toEqual({ ...withdraw, reason: 'r' });
  expect(leaving(true)).toBeUndefined();
});

test('an epic waits for an entry of its own that lives, and for none that has ended or is refused', async () => {
  const landingAfter = async (admission: EnqueueOutcome): Promise<Landing> => {
    const sim = await atWork();
    sim.admission = admission;
    sim.change((epic) => inQueue(epic, { kind: 'asked', headSha: 'head', entryId: 'e1', by: 'ada' }));
    await sim.drain();
    return sim.epic.landing;
  };
  const exists = (state: EntryState) => landingAfter({ kind: 'exists', entryId: 'e0', state });
  expect(await exists('active')).toEqual({ kind: 'queued', headSha: 'head', entryId: 'e0' });
  for (const state of ['ejected', 'withdrawn'] as const)
    expect(await exists(state)).toMatchObject({ kind: 'ejected', reason: `an entry of it was ${state}` });
  const refused = (code: Extract<EnqueueOutcome, { kind: 'refused' }>['code']) =>
    landingAfter({ kind: 'refused', code, message: 'no' });
  expect(await refused('INVALID_ENTRY')).toMatchObject({ kind: 'ejected', reason: 'no' });
  expect(await refused('QUEUE_FULL')).toMatchObject({ kind: 'asked', entryId: 'e1', refused: 'no' });
});

/** The entry lands while the queue is told this; it was the last one, and its queue has ended. */
const landsOn = (sim: EpicSim, kind: QueueForgeEvent['kind']): void => {
  sim.hearing = (event) => {
    if (event.kind !== kind) return 'told';
    sim.change((epic) => forgeEvent(epic, { kind: 'entryLanded', entryId: 'e1', prNumber: 7, mergeSha: 'm' }));
    return 'gone';
  };
};

test('an epic that lands while it tells the queue of its new head is not enqueued once more', async () => {
  const sim = await atWork();
  landsOn(sim, 'headPushed');
  sim.change((epic) => inQueue(epic, { ...QUEUED, rebase: REBASE }, 'COMPLETED'));
  await sim.drain();
  expect(sim.queue).toMatchObject([{ kind: 'headPushed', entryId: 'e1' }]);
  expect(sim.epic.ended).toEqual({ kind: 'completed', landed: 2, mergeSha: 'm' });
  expect(sim.enqueued).toBeUndefined();
});

test('an epic that lands while it withdraws has landed', async () => {
  const sim = await atWork();
  landsOn(sim, 'withdraw');
  sim.change((epic) => controls.cancel(inQueue(epic, QUEUED), { by: 'ada' }, sim.clock));
  await sim.drain();
  expect(sim.queue).toMatchObject([{ kind: 'withdraw', entryId: 'e1' }]);
  expect(sim.epic.ended).toEqual({ kind: 'completed', landed: 1, mergeSha: 'm' });
});
