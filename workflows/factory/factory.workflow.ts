import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { FactoryHold } from '../contract/activities/fleet.js';
import {
  type FactoryInput,
  type FactoryView,
  type FactoryWorkflow,
  factoryAgentCrashedSignal,
  factoryAskAdmissionSignal,
  factoryClearCrashLoopUpdate,
  factoryEndAdmissionSignal,
  factoryForgeHintedSignal,
  factoryPauseUpdate,
  factoryProjectChangedSignal,
  factorySetLimitsUpdate,
  factoryStatusQuery,
  factoryThawUpdate,
} from '../contract/factory.js';
import { failureMessage, failureType } from '../support/failure-type.js';
import { forgeHeldUp } from '../support/forge-limit.js';
import { mustContinue } from '../support/must-continue.js';
import { refuse } from '../support/refuse.js';
import { makeShow } from '../support/visibility.js';
import { checkProject } from './check-project.js';
import * as controls from './controls.js';
import { detailsOf } from './details.js';
import * as state from './factory.state.js';
import {
  type ForgeTurn,
  forgeDueMs,
  forgeFailed,
  forgeHinted,
  forgeKnown,
  forgeLooked,
  forgeStarted,
  LOOK_EVERY,
  nextForge,
} from './forges.js';
import { lookAtForge, markAgent, projectPorts, saveFactoryHold, say, sweepPorts } from './ports.js';
import { nextProject, projectChanged, projectDone, projectDueMs, projectFailed, projectStarted } from './projects.js';
import { sweep } from './sweep.js';

/** A check that runs for hours does not hold a history up for ever: it is begun anew, and finds its evidence. */
const MAX_STRETCH = 8;
const RETRY_MS = { normal: 15_000, brisk: 1_000 } as const;

/** Wiring only: who gets what is in domain/admission.ts, what a project goes through in check-project.ts. */
export async function factory(input: FactoryInput): Promise<never> {
  const { tuning, sweepMs = state.SWEEP_MS, retryMs = RETRY_MS[tuning], lookEvery = LOOK_EVERY[tuning] } = input;
  let now = state.restore(input, Date.now());
  let busy = 0;
  const show = makeShow();
  const change = (next: (factory: state.Factory) => state.Factory): FactoryView => {
    now = next(now);
    show({ kind: 'factory', state: now.pausedBy.length > 0 ? 'paused' : 'open' }, detailsOf(now));
    return state.viewOf(now);
  };

  /** What a person was told to be held must be held again after the loss of the engine's store. */
  const andSaved = async (view: FactoryView): Promise<FactoryView> => {
    await condition(() => now.unsavedHold === undefined);
    return view;
  };

  // Every handler before the first await: what already waits is delivered as each one is set.
  setHandler(factoryStatusQuery, () => state.viewOf(now));
  setHandler(factoryAskAdmissionSignal, (ask) => void change((f) => state.asked(f, ask)));
  setHandler(factoryEndAdmissionSignal, ({ workflowId }) => void change((f) => state.left(f, [workflowId])));
  setHandler(factoryAgentCrashedSignal, ({ agentId }) => void change((f) => state.agentCrashed(f, agentId)));
  setHandler(
    factoryProjectChangedSignal,
    ({ projectId }) => void change((f) => projectChanged(f, projectId, Date.now())),
  );
  setHandler(factoryForgeHintedSignal, ({ projectId }) => void change((f) => forgeHinted(f, projectId, Date.now())));
  setHandler(factoryPauseUpdate, (cmd) => andSaved(change((f) => controls.pause(f, cmd))), {
    validator: (_cmd) => refuse(controls.whyNotPause(now)),
  });
  setHandler(factoryThawUpdate, (cmd) => andSaved(change((f) => controls.thaw(f, cmd))), {
    validator: (_cmd) => refuse(controls.whyNotThaw(now)),
  });
  setHandler(factorySetLimitsUpdate, ({ limits }) => change((f) => controls.setLimits(f, limits)), {
    validator: ({ limits }) => refuse(controls.whyNotLimits(limits)),
  });
  setHandler(factoryClearCrashLoopUpdate, async ({ agentId, by }) => {
    const view = change((f) => controls.clearCrashLoop(f, agentId, by));
    await condition(() => now.marks.length === 0);
    return view;
  });
  change((f) => f);

  const tellAll = async (): Promise<void> => {
    const said = state.tellings(now);
    change((f) => state.told(f, said));
    const heard = await Promise.all(said.map(say));
    const gone = said.filter((_, index) => !heard[index]).map(({ workflowId }) => workflowId);
    if (gone.length > 0) change((f) => state.left(f, gone));
  };

  const saveHold = async (hold: FactoryHold): Promise<void> => {
    await saveFactoryHold(tuning, hold);
    change(({ unsavedHold, ...f }) => (unsavedHold === undefined || unsavedHold === hold ? f : { ...f, unsavedHold }));
  };

  /** The row is kept as it should be; a store that refuses for good is no reason to stop admitting. */
  const markNext = async (mark: state.AgentMark): Promise<void> => {
    try {
      await markAgent(tuning, mark);
    } catch (error) {
      log.warn('an agent could not be marked', { type: failureType(error), message: failureMessage(error) });
    }
    change((f) => ({ ...f, marks: f.marks.filter((one) => one !== mark) }));
  };

  const workOnProject = async (projectId: string, tries: number): Promise<void> => {
    change((f) => projectStarted(f, projectId));
    let answer: 'done' | 'again' = 'again';
    try {
      const watchForge = (): void => void change((f) => forgeKnown(f, projectId, Date.now()));
      answer = await checkProject(projectPorts(projectId, tuning, { attempt: tries + 1, watchForge }));
    } catch (error) {
      // Whatever it is, it is no verdict on the project.
      log.warn('a project could not be checked', {
        projectId,
        type: failureType(error),
        message: failureMessage(error),
      });
    }
    change((f) => (answer === 'done' ? projectDone(f, projectId) : projectFailed(f, projectId, Date.now(), retryMs)));
  };

  const lookOnce = async (turn: ForgeTurn): Promise<void> => {
    const { projectId } = turn;
    change((f) => forgeStarted(f, projectId));
    try {
      const seen = await lookAtForge(turn, tuning);
      change((f) => forgeLooked(f, turn, seen, lookEvery, Date.now()));
    } catch (error) {
      log.warn('a forge could not be looked at', {
        projectId,
        type: failureType(error),
        message: failureMessage(error),
      });
      const heldUpMs = forgeHeldUp(error)?.ms;
      const said = heldUpMs === undefined ? {} : { heldUpMs };
      change((f) => forgeFailed(f, projectId, lookEvery, { nowMs: Date.now(), ...said }));
    }
  };

  const sweepOnce = async (): Promise<void> => {
    change((f) => ({ ...f, nextSweepAtMs: Date.now() + sweepMs }));
    const { gone, faults } = await sweep(
      sweepPorts(tuning),
      now.holders.map(({ workflowId }) => workflowId),
    );
    if (faults.length > 0) log.warn('parts of a sweep failed', { faults });
    if (gone.length > 0) change((f) => state.left(f, gone));
  };

  /** Runs beside the loop; a bug in it rejects unhandled, which fails the workflow task as it must. */
  const beside = (work: Promise<void>): void => {
    busy += 1;
    void work.then(() => {
      busy -= 1;
    });
  };

  const isSweepDue = (): boolean => Date.now() >= now.nextSweepAtMs;
  const mayContinue = (): boolean =>
    mustContinue(input) &&
    now.unsavedHold === undefined &&
    now.marks.length === 0 &&
    (busy === 0 || workflowInfo().historyLength >= MAX_STRETCH * (input.maxEvents ?? 500));
  const hasWork = (): boolean =>
    state.tellings(now).length > 0 ||
    now.marks.length > 0 ||
    now.unsavedHold !== undefined ||
    nextProject(now, Date.now()) !== undefined ||
    nextForge(now, Date.now()) !== undefined ||
    isSweepDue();

  let alarmAtMs: number | undefined;
  const dueMs = (): number => Math.min(now.nextSweepAtMs, projectDueMs(now), forgeDueMs(now));
  const isUnalarmed = (): boolean => alarmAtMs === undefined || alarmAtMs > dueMs();
  const setAlarm = (): void => {
    if (!isUnalarmed()) return;
    const due = dueMs();
    alarmAtMs = due;
    void sleep(Math.max(1, due - Date.now())).then(() => {
      if (alarmAtMs === due) alarmAtMs = undefined;
    });
  };

  for (;;) {
    if (mayContinue()) {
      await condition(allHandlersFinished);
      await continueAsNew<FactoryWorkflow>({ ...input, carried: state.carry(now) });
    }
    const [mark] = now.marks;
    const job = nextProject(now, Date.now());
    const turn = nextForge(now, Date.now());
    if (state.tellings(now).length > 0) await tellAll();
    else if (now.unsavedHold) await saveHold(now.unsavedHold);
    else if (mark) await markNext(mark);
    else if (job) beside(workOnProject(job.projectId, job.tries));
    else if (turn) beside(lookOnce(turn));
    else if (isSweepDue()) beside(sweepOnce());
    else {
      setAlarm();
      await condition(() => hasWork() || isUnalarmed() || mayContinue());
    }
  }
}
