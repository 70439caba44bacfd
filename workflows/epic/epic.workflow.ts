import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import { epicTiming } from '../../domain/epic-timing.js';
import type { StoreActivities } from '../contract/activities/store.js';
import {
  type EpicInput,
  type EpicOutcome,
  type EpicView,
  type EpicWorkflow,
  epicAddTaskUpdate,
  epicApprovePlanUpdate,
  epicCancelTaskUpdate,
  epicEditPlanUpdate,
  epicLandUpdate,
  epicRetryFailedUpdate,
  epicRetryTaskUpdate,
  epicStatusQuery,
  queueChangedSignal,
  runChangedSignal,
  taskChangedSignal,
} from '../contract/epic.js';
import { ownerForgeEventSignal, requestRebaseSignal } from '../contract/forge-event.js';
import {
  admittedSignal,
  cancelUpdate,
  holdSignal,
  mailSignal,
  pauseUpdate,
  resumeUpdate,
} from '../contract/messages.js';
import { activitiesOf } from '../support/activities-of.js';
import { failureMessage, failureType, isCancelled } from '../support/failure-type.js';
import { makeFences } from '../support/fence.js';
import { forgeHeldUp } from '../support/forge-limit.js';
import { mustContinue } from '../support/must-continue.js';
import { newId } from '../support/new-id.js';
import { refuse } from '../support/refuse.js';
import { shielded } from '../support/shielded.js';
import { makeShow } from '../support/visibility.js';
import * as controls from './controls.js';
import { detailsOf } from './details.js';
import { type Clock, carry, type Epic, openedEpic, restore, unopenedEpic, viewOf } from './epic.state.js';
import { forgeEvent, laneChanged, rebaseRequested } from './landing.js';
import { nextDueMs, nextStep } from './next-step.js';
import { runPorts, stepPorts } from './ports.js';
import { performRun } from './run-steps.js';
import { nextRunStep, runChanged, runEnded, seeksRoom } from './runs.js';
import { settle } from './settle.js';
import { perform } from './steps.js';
import { withoutStuck, withStuck } from './stuck.js';
import * as tasks from './tasks.js';

type Change = (epic: Epic) => Epic;

/** Steps that wait long and leave nothing that a cancelled epic would have to undo. */
const INTERRUPTIBLE: readonly string[] = ['createBranch', 'inspectHead', 'startRun'];

/** Wiring only: what comes next is in next-step.ts and runs.ts, how it is done in steps.ts and run-steps.ts. */
export async function epic(input: EpicInput): Promise<EpicOutcome> {
  const { epicId, tuning } = input;
  const timing = epicTiming(tuning, input.timing);
  const clock: Clock = {
    get nowMs() {
      return Date.now();
    },
    newId,
  };
  let now = restore(input) ?? unopenedEpic(epicId, timing);
  let isOpen = input.carried !== undefined;
  /** What came before the rows were read is applied to them as well. */
  const early: Change[] = [];
  const interruptible = new Set<CancellationScope>();
  const show = makeShow();
  const change = (next: Change, by?: string): EpicView => {
    if (!isOpen) early.push(next);
    now = isOpen ? settle(next(now), clock, by) : next(now);
    if (isOpen) show(attributesOf(now), detailsOf(now));
    if (now.cancel) for (const scope of interruptible) scope.cancel();
    return viewOf(now);
  };

  // Every handler before the first await: what already waits is delivered as each one is set.
  setHandler(epicStatusQuery, () => viewOf(now));
  setHandler(mailSignal, (mail) => void change((e) => controls.mailCame(e, mail)));
  setHandler(admittedSignal, (share) => void change((e) => controls.admitted(e, share)));
  setHandler(holdSignal, (hold) => void change((e) => controls.hold(e, hold)));
  setHandler(taskChangedSignal, (news) => void change((e) => tasks.taskChanged(e, news, clock.nowMs)));
  setHandler(runChangedSignal, (news) => void change((e) => runChanged(e, news, clock.nowMs)));
  setHandler(ownerForgeEventSignal, (event) => void change((e) => forgeEvent(e, event)));
  setHandler(requestRebaseSignal, (request) => void change((e) => rebaseRequested(e, request, newId())));
  setHandler(
    queueChangedSignal,
    ({ branch, mode, reason }) => void change((e) => laneChanged(e, branch, mode, reason)),
  );
  setHandler(pauseUpdate, (cmd) => change((e) => controls.pause(e, cmd, clock), cmd.by), {
    validator: (cmd) => refuse(controls.whyNotPause(now, cmd)),
  });
  setHandler(resumeUpdate, (cmd) => change((e) => controls.resume(e, cmd, clock), cmd.by), {
    validator: (cmd) => refuse(controls.whyNotResume(now, cmd)),
  });
  setHandler(cancelUpdate, (cmd) => change((e) => controls.cancel(e, cmd, clock), cmd.by), {
    validator: (cmd) => refuse(controls.whyNotControl(now, cmd)),
  });
  setHandler(epicApprovePlanUpdate, (cmd) => change((e) => controls.approvePlan(e, cmd, clock), cmd.by), {
    validator: (cmd) => refuse(controls.whyNotApprove(now, cmd)),
  });
  setHandler(epicEditPlanUpdate, (cmd) => change((e) => controls.editPlan(e, cmd, clock), cmd.by), {
    validator: (cmd) => refuse(controls.whyNotEditPlan(now, cmd)),
  });
  setHandler(epicLandUpdate, (cmd) => change((e) => controls.land(e, cmd, clock), cmd.by), {
    validator: (cmd) => refuse(controls.whyNotLand(now, cmd)),
  });
  setHandler(epicRetryFailedUpdate, (cmd) => change((e) => controls.retryFailed(e, cmd, clock), cmd.by), {
    validator: (cmd) => refuse(controls.whyNotRetryFailed(now, cmd)),
  });
  setHandler(epicRetryTaskUpdate, (cmd) => change((e) => tasks.retryTask(e, cmd.taskId, cmd.by, clock.nowMs), cmd.by), {
    validator: (cmd) => refuse(tasks.whyNotRetryTask(now, cmd.taskId)),
  });
  setHandler(
    epicCancelTaskUpdate,
    (cmd) => change((e) => tasks.cancelTask(e, cmd.taskId, cmd.by, clock.nowMs), cmd.by),
    {
      validator: (cmd) => refuse(tasks.whyNotCancelTask(now, cmd.taskId)),
    },
  );
  setHandler(epicAddTaskUpdate, (cmd) => change(tasks.addTask, cmd.by), {
    validator: (_cmd) => refuse(tasks.whyNotAddTask(now)),
  });

  /** Carries a step out; a failure that outlasted its policy becomes state. A bug is thrown on. */
  const attempt = async (kind: string, work: () => Promise<void>): Promise<void> => {
    const scope = new CancellationScope();
    if (INTERRUPTIBLE.includes(kind)) interruptible.add(scope);
    try {
      await scope.run(work);
      change((e) => withoutStuck(e, kind));
    } catch (error) {
      if (isCancelled(error) && now.cancel) return;
      const forge = forgeHeldUp(error);
      const failure = { type: failureType(error), message: failureMessage(error), ...(forge ? { forge } : {}) };
      change((e) => withStuck(e, kind, failure, clock.nowMs));
    } finally {
      interruptible.delete(scope);
    }
  };

  const work = async (): Promise<EpicOutcome> => {
    if (!isOpen) {
      const store: StoreActivities = activitiesOf('STORE', tuning, { summary: 'read the epic' });
      const opened = await store.openEpic({ epicId });
      if (opened.kind === 'ended') return opened;
      const first = openedEpic(opened.facts, timing, clock.nowMs);
      isOpen = true;
      change(() => early.reduce((e, next) => next(e), first));
    } else change((e) => e);

    const stage = { clock, epic: () => now, change: (next: Change): void => void change(next) };
    const wiring = {
      input,
      epic: () => now,
      fence: makeFences(),
      taskClosed: (taskId: string, life: number, outcome: Parameters<typeof tasks.taskEnded>[1]['outcome']) =>
        void change((e) => tasks.taskEnded(e, { taskId, attempt: life, outcome }, clock.nowMs)),
      runClosed: (runId: string, outcome: Parameters<typeof runEnded>[2]) =>
        void change((e) => runEnded(e, runId, outcome)),
      roomSought: (full: Parameters<typeof seeksRoom>[1]) => void change((e) => seeksRoom(e, full)),
    };
    const ports = stepPorts(wiring);
    const runs = runPorts(wiring);

    let isQuiet = false;
    let isRunLaneBusy = false;
    /** Taking a tree may last minutes: meanwhile the tasks go on. */
    const runLane = async (): Promise<void> => {
      for (;;) {
        await condition(() => !isQuiet && nextRunStep(now, clock.nowMs) !== undefined);
        const step = nextRunStep(now, clock.nowMs);
        if (!step || isQuiet) continue;
        isRunLaneBusy = true;
        await attempt(step.kind, () => performRun(step, runs, stage));
        isRunLaneBusy = false;
      }
    };
    // Waits for steps as long as the workflow lives; a bug in it must fail the workflow task, so nothing catches it.
    void runLane();

    let alarmAtMs: number | undefined;
    const isUnalarmed = (): boolean => {
      const due = nextDueMs(now, clock.nowMs);
      return due !== undefined && (alarmAtMs === undefined || alarmAtMs > due);
    };
    /** One timer for all that time alone brings; a later one is set when it has rung. */
    const setAlarm = (): void => {
      const due = nextDueMs(now, clock.nowMs);
      if (due === undefined || !isUnalarmed()) return;
      alarmAtMs = due;
      void sleep(Math.max(1, due - clock.nowMs)).then(() => {
        if (alarmAtMs === due) alarmAtMs = undefined;
      });
    };
    const mayContinue = (): boolean => mustContinue(input) && !isRunLaneBusy;
    const isDone = (): boolean => now.ended !== undefined && nextStep(now, clock.nowMs) === undefined;

    while (!isDone() || now.ended === undefined) {
      // Between steps nothing is in flight, so a new history loses nothing.
      if (mayContinue()) {
        isQuiet = true;
        await condition(() => allHandlersFinished() && !isRunLaneBusy);
        await continueAsNew<EpicWorkflow>({ ...input, carried: carry(now) });
      }
      const step = nextStep(now, clock.nowMs);
      if (step) await attempt(step.kind, () => perform(step, { ...stage, ports }));
      else {
        setAlarm();
        await condition(() => isDone() || nextStep(now, clock.nowMs) !== undefined || isUnalarmed() || mayContinue());
      }
    }
    await condition(allHandlersFinished);
    return now.ended;
  };

  return shielded(() => void change((e) => controls.cancel(e, { by: 'temporal' }, clock)), work);
}

const attributesOf = ({ constants, state }: Epic) => ({
  kind: 'epic',
  project: constants.projectId,
  epic: constants.epicId,
  state,
});
