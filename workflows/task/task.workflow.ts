import { allHandlersFinished, condition, continueAsNew, setHandler, sleep } from '@temporalio/workflow';
import { taskWaits } from '../../domain/task-timing.js';
import type { HostClaimActivities } from '../contract/activities/git.js';
import { runChangedSignal } from '../contract/epic.js';
import { ownerForgeEventSignal, requestRebaseSignal } from '../contract/forge-event.js';
import {
  admittedSignal,
  cancelUpdate,
  holdSignal,
  mailSignal,
  pauseUpdate,
  resumeUpdate,
} from '../contract/messages.js';
import {
  type TaskInput,
  type TaskOutcome,
  type TaskWorkflow,
  taskRecheckUpdate,
  taskStatusQuery,
} from '../contract/task.js';
import { activitiesOf } from '../support/activities-of.js';
import { hostClaims } from '../support/claim-host.js';
import { makeFences } from '../support/fence.js';
import { outlastLimits } from '../support/forge-limit.js';
import { lifecycleKey } from '../support/lifecycle-key.js';
import { mustContinue } from '../support/must-continue.js';
import { newId } from '../support/new-id.js';
import { refuse } from '../support/refuse.js';
import { shielded } from '../support/shielded.js';
import { makeShow } from '../support/visibility.js';
import { openingFailed } from './after-step.js';
import type { TaskCell } from './cell.js';
import {
  admitted,
  cancelled,
  forged,
  held,
  mailed,
  paused,
  rebaseAsked,
  resumed,
  runSaid,
  whyNotCancel,
  whyNotPause,
  whyNotResume,
} from './controls.js';
import { keepTold } from './keep-told.js';
import { nextStep, settle } from './next-step.js';
import { openedWith } from './opening.js';
import { perform } from './perform.js';
import { taskPorts } from './ports.js';
import { rechecked, whyNotRecheck } from './recheck.js';
import { open } from './steps.js';
import { become, carry, goingOn, heldUp, restore, viewOf, withoutRoom, withRoom } from './task.state.js';
import { detailsOf, runWords } from './texts.js';

/** Wiring only: decisions are in next-step.ts, after-step.ts and controls.ts, the calls of each step in steps.ts. */
export async function task(input: TaskInput): Promise<TaskOutcome> {
  const cell = makeCell(input);
  // Every handler before the first await: what already waits is delivered as each one is set.
  handleMessages(cell);
  return shielded(
    () => {
      const cmd = { by: 'temporal', reason: 'cancelled through Temporal' };
      cell.change(cancelled(cell.read(), cmd), cmd.reason);
    },
    () => work(cell),
  );
}

function makeCell(input: TaskInput): TaskCell {
  let now = restore(input);
  const show = makeShow();
  const change: TaskCell['change'] = (next, reason, by) => {
    now = become(now, next, { nowMs: Date.now(), reason, ...(by === undefined ? {} : { by }) });
    show({ state: now.state }, detailsOf(input, now));
    return viewOf(now);
  };
  const outlast = outlastLimits(async ({ ms, ...why }) => {
    change(heldUp(now, { untilMs: Date.now() + ms, ...why }), 'the forge takes nothing of us now');
    try {
      await sleep(ms);
    } finally {
      change(goingOn(now), 'the forge is asked again');
    }
  });
  const hosts: HostClaimActivities = activitiesOf('CLAIM_HOST', input.tuning);
  const claimHost = hostClaims(hosts, (full) =>
    full === undefined
      ? change(withRoom(now), 'a host is asked again')
      : change(withoutRoom(now, full), 'no host has room'),
  );
  const ports = taskPorts(input.tuning, { fence: makeFences(), newId, outlast, claimHost });
  return { input, waits: taskWaits(input.tuning, input.timing), ports, read: () => now, change };
}

function handleMessages({ read, change }: TaskCell): void {
  setHandler(taskStatusQuery, () => viewOf(read()));
  setHandler(admittedSignal, (message) => void change(admitted(read(), message), 'admitted'));
  setHandler(holdSignal, (message) => void change(held(read(), message), 'hold', message.by));
  setHandler(mailSignal, (message) => void change(mailed(read(), message), 'mail came'));
  setHandler(runChangedSignal, (message) => {
    change(runSaid(read(), message, Date.now()), runWords(message));
  });
  setHandler(ownerForgeEventSignal, (event) => void change(forged(read(), event), event.kind));
  setHandler(requestRebaseSignal, (request) => void change(rebaseAsked(read(), request), 'a rebase is asked for'));
  setHandler(pauseUpdate, (cmd) => change(paused(read()), cmd.reason ?? 'paused', cmd.by), {
    validator: (cmd) => refuse(whyNotPause(read(), cmd)),
  });
  // Settled at once, so that the answer shows where the task goes on.
  setHandler(resumeUpdate, (cmd) => change(settle(resumed(read(), cmd), Date.now()), cmd.reason ?? 'resumed', cmd.by), {
    validator: (cmd) => refuse(whyNotResume(read(), cmd)),
  });
  setHandler(
    taskRecheckUpdate,
    (cmd) => change(rechecked(read(), cmd, Date.now()), 'its checks are asked for again', cmd.by),
    { validator: (cmd) => refuse(whyNotRecheck(read(), cmd)) },
  );
  setHandler(cancelUpdate, (cmd) => change(cancelled(read(), cmd), cmd.reason ?? 'cancelled', cmd.by), {
    validator: (cmd) => refuse(whyNotCancel(read(), cmd)),
  });
}

async function work(cell: TaskCell): Promise<TaskOutcome> {
  const { input, waits, read, change } = cell;
  let closing = false;
  const toldAll = keepTold(cell, () => closing);
  const finish = async (): Promise<void> => {
    closing = true;
    await toldAll;
    await condition(allHandlersFinished);
  };
  for (;;) {
    const { stage } = read();
    if (stage.kind === 'end') {
      await finish();
      return stage.outcome;
    }
    // Between steps nothing is in flight but the run, which outlives this history.
    if (mustContinue(input)) {
      await finish();
      await continueAsNew<TaskWorkflow>({ ...input, carried: carry(read()) });
    }
    const settled = settle(read(), Date.now());
    if (settled !== read()) change(settled, 'goes on');
    const step = nextStep(read(), Date.now(), waits);
    const { facts } = read();
    if (step.kind === 'open') {
      const ended = await openTask(cell);
      if (ended) return ended;
    } else if (step.kind !== 'wait' && facts) {
      await perform(cell, step, { input, task: read(), facts });
    } else {
      await waitFor(cell, step.kind === 'wait' ? step.untilMs : undefined);
    }
  }
}

async function waitFor({ input, waits, read }: TaskCell, untilMs: number | undefined): Promise<void> {
  const moved = (): boolean => {
    const step = nextStep(read(), Date.now(), waits);
    // A message may leave it waiting, but for another time.
    const waitsOn = step.kind === 'wait' && step.untilMs === untilMs && settle(read(), Date.now()) === read();
    return !waitsOn || mustContinue(input);
  };
  if (untilMs === undefined) await condition(moved);
  else await condition(moved, Math.max(1, untilMs - Date.now()));
}

async function openTask({ input, ports, read, change }: TaskCell): Promise<TaskOutcome | undefined> {
  const answer = await open(ports, input);
  if (answer.kind === 'ended') return answer;
  if (answer.kind === 'open') {
    change(openedWith(read(), answer.facts), 'opened');
    return undefined;
  }
  const reason = answer.fault.kind === 'failed' ? answer.fault.message : 'cancelled';
  change(openingFailed(read(), reason), reason);
  const patch = { state: 'BLOCKED', blockedReason: reason, waitingFor: 'a person to resume it' } as const;
  await ports.store.saveTask({ taskId: input.taskId, key: lifecycleKey(), entries: [], patch });
  return undefined;
}
