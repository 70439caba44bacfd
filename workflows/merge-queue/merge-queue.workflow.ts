// Wiring only: transitions are in domain/merge, calls in queue-work.ts, the order of a landing in land.ts.
import { allHandlersFinished, condition, continueAsNew, sleep, workflowInfo } from '@temporalio/workflow';
import { isIdle, isTold, nextDueAtMs } from '../../domain/merge/clock.js';
import { laneMode, needsInspection } from '../../domain/merge/facts.js';
import { pauseLane } from '../../domain/merge/lane.js';
import { plan } from '../../domain/merge/plan.js';
import type { QueueState } from '../../domain/merge/types.js';
import { factoryAskAdmissionSignal, factoryEndAdmissionSignal } from '../contract/factory.js';
import { FACTORY_WORKFLOW_ID } from '../contract/ids.js';
import type { MergeQueueInput, MergeQueueOutcome, MergeQueueWorkflow } from '../contract/merge-queue.js';
import { mustContinue } from '../support/must-continue.js';
import { shielded } from '../support/shielded.js';
import { tell } from '../support/tell.js';
import { makeShow } from '../support/visibility.js';
import { makeAlarm } from './alarm.js';
import { makeBuilds } from './builds.js';
import { queueDetails } from './details.js';
import { handleMessages } from './handlers.js';
import { isOpened, restore } from './queue.state.js';
import { type BuildRef, isAwaited, silentBuilds } from './queue-events.js';
import { makeQueueWork } from './queue-work.js';
import { makeTracker } from './tracker.js';

const CANCELLED = { by: 'operator', reason: 'the workflow was cancelled in Temporal' };

/** Entity: admits, plans, composes, lands, asks for rebases. One for each target branch. */
export async function mergeQueue(input: MergeQueueInput): Promise<MergeQueueOutcome> {
  const { workflowId: queueId, firstExecutionRunId } = workflowInfo();
  let state = restore(input, { queueId, nowMs: Date.now() });
  let dirty = true;
  let tickAtMs = Date.now() + state.timing.tickMs;
  const wake = (): void => {
    dirty = true;
  };
  const become = (next: QueueState): void => {
    dirty ||= next !== state;
    state = next;
  };
  const box = { get: () => state, become };
  handleMessages(box, () => {
    tickAtMs = 0;
    wake();
  });
  const backOffMs = (): number => state.timing.infraBackoffMs[0] ?? 0;
  const tracker = makeTracker(backOffMs, wake);
  const work = makeQueueWork(input, firstExecutionRunId, box);
  const startAndCancel = makeBuilds(input, box, (build) =>
    tracker.run(`closed ${build.pathId}`, () => askAfterClosed(build)),
  );
  const announce = () =>
    tell(FACTORY_WORKFLOW_ID, factoryAskAdmissionSignal, { workflowId: queueId, priority: 1, wants: 0 });
  return shielded(() => become(pauseLane(state, 'person', CANCELLED, Date.now())), loop);

  async function loop(): Promise<MergeQueueOutcome> {
    if (!input.carried) await announce();
    const alarm = makeAlarm(wake);
    const show = makeShow();
    let idleSinceMs: number | undefined;
    for (;;) {
      await condition(() => dirty);
      dirty = false;
      // A full history takes no new work: what runs ends, what is owed goes out, then a new one begins.
      const isEnding = mustContinue(input);
      if (!isEnding) await act();
      tellOthers();
      show({ state: laneMode(state.lane) }, queueDetails(state, input.branch, Date.now()));
      if (isEnding && isQuiet()) await startAgain();
      idleSinceMs = mayEnd() ? (idleSinceMs ?? Date.now()) : undefined;
      const endAtMs = idleSinceMs === undefined ? undefined : idleSinceMs + (work.gone() ? 0 : state.timing.idleExitMs);
      if (endAtMs !== undefined && Date.now() >= endAtMs && (await farewell())) return outcome();
      alarm([tickAtMs, nextDueAtMs(state, Date.now()), endAtMs]);
    }
  }

  /** Plans, and begins everything the plan asks for. Builds start while a push runs. */
  async function act(): Promise<void> {
    const isTick = Date.now() >= tickAtMs;
    if (isTick) tickAtMs = Date.now() + state.timing.tickMs;
    if (!isOpened(state)) {
      if (!work.gone() || state.entries.length > 0) tracker.run('open', work.open);
      return;
    }
    if (isTick) state = { ...state, remoteDue: true };
    const next = plan(state, Date.now());
    state = next.state;
    await startAndCancel(next);
    const { land } = next;
    if (land !== undefined) tracker.run(`land ${land}`, () => work.land(land, () => sleep(backOffMs())));
    for (const path of next.revalidate) tracker.run(`revalidate ${path.id}`, () => work.revalidate(path));
    for (const entry of state.entries.filter(needsInspection))
      tracker.run(`inspect ${entry.id}`, () => work.inspect(entry));
    if (state.remoteDue && state.landing?.stage !== 'pushing') tracker.run('read remote', work.readRemote);
    if (state.sweep !== undefined) tracker.run('sweep', work.sweep);
    const silent = isTick ? silentBuilds(state, Date.now()) : [];
    if (silent.length > 0) tracker.run('ask after builds', () => work.askAfter(silent));
  }

  function tellOthers(): void {
    if (!work.isRecorded()) tracker.run('record', work.record);
    if (state.notices.length > 0) tracker.run('notify', work.notify);
    if (state.marks.length > 0) tracker.run('mark', work.mark);
  }

  /** A build that died without a word is asked after at once; one that reported is not awaited any more. */
  async function askAfterClosed(build: BuildRef): Promise<void> {
    if (isAwaited(state, build)) await work.askAfter([build]);
  }

  function isQuiet(): boolean {
    return tracker.count() === 0 && !state.landing && isTold(state) && work.isRecorded();
  }

  async function startAgain(): Promise<void> {
    await condition(allHandlersFinished);
    if (!dirty) await continueAsNew<MergeQueueWorkflow>({ ...input, carried: state });
  }

  function mayEnd(): boolean {
    if (work.gone()) return state.entries.length === 0 && isQuiet();
    return isIdle(state) && isQuiet();
  }

  /** False when somebody came meanwhile: this run serves them. */
  async function farewell(): Promise<boolean> {
    await tell(FACTORY_WORKFLOW_ID, factoryEndAdmissionSignal, { workflowId: queueId });
    await condition(allHandlersFinished);
    if (mayEnd()) return true;
    await announce();
    return false;
  }

  function outcome(): MergeQueueOutcome {
    const reason = work.gone();
    if (reason) return { kind: 'gone', reason };
    return { kind: 'idle', landed: state.ended.filter((entry) => entry.state === 'landed').length };
  }
}
