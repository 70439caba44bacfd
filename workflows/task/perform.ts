import { type RunHost, runStopSignal } from '../contract/agent-run.js';
import { runWorkflowId, taskWorkflowId } from '../contract/ids.js';
import { tell } from '../support/tell.js';
import { untilStopped } from '../support/until-stopped.js';
import {
  afterAsked,
  afterBaseRedTold,
  afterCommitted,
  afterEnqueued,
  afterHeadPushed,
  afterMerged,
  afterPublished,
  afterStart,
  afterStopTold,
  afterTree,
  afterVerified,
  afterWithdrawTold,
  askingAgain,
  enqueueing,
  failed,
  finished,
  mailNamed,
  mailSent,
} from './after-step.js';
import type { TaskCell } from './cell.js';
import { runClosed } from './controls.js';
import type { Step } from './next-step.js';
import { tellQueue } from './say.js';
import { BY_PAUSE, type NextRun, withMail } from './stages.js';
import { startRun } from './start-run.js';
import {
  cleanUp,
  commit,
  enqueue,
  merge,
  type Open,
  publish,
  reportBaseRed,
  sendMail,
  takeTree,
  verifyStep,
} from './steps.js';
import { wordOf } from './texts.js';

/** A cancellation or a landing makes the step worthless. */
const orInterrupted = <T>({ read }: TaskCell, work: () => Promise<T>): Promise<T> =>
  untilStopped(() => read().cancel !== undefined || read().landed !== undefined, work);

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;
type Doable = Exclude<Step, { kind: 'wait' | 'open' }>;

/** Does one step and changes the task by what came of it. The task is read after each await. */
export function perform(cell: TaskCell, step: Doable, open: Open): Promise<void> {
  switch (step.kind) {
    case 'takeTree':
    case 'startRun':
    case 'merge':
    case 'commit':
    case 'verify':
      return workOnTree(cell, step, open);
    case 'publish':
    case 'enqueue':
    case 'tellBaseRed':
    case 'tellHeadPushed':
    case 'withdraw':
      return workWithQueue(cell, step, open);
    case 'askAgain':
    case 'askAfterRun':
    case 'stopRun':
      return askOrStop(cell, step);
    case 'sendMail':
    case 'fail':
    case 'finish':
      return stopOrEnd(cell, step, open);
  }
}

type TreeStep = StepOf<'takeTree' | 'startRun' | 'merge' | 'commit' | 'verify'>;

async function workOnTree(cell: TaskCell, step: TreeStep, open: Open): Promise<void> {
  const { ports, read, change, waits } = cell;
  const { host } = open.task;
  if (step.kind === 'takeTree') {
    const taken = await orInterrupted(cell, () => takeTree(ports, open));
    change(afterTree(read(), taken), taken.kind === 'tree' ? `works on ${taken.host.hostQueue}` : 'no tree');
  } else if (step.kind === 'verify') {
    const verified = await orInterrupted(cell, () => verifyStep(ports, open, step.tries));
    const reason = verified.kind === 'verified' ? `checks: ${wordOf(verified.outcome)}` : 'the checks could not be run';
    change(afterVerified(read(), verified, { nowMs: Date.now(), waits }), reason);
  } else if (host && step.kind === 'startRun') {
    await start(cell, { next: step.stage.next, host }, open);
  } else if (host && step.kind === 'merge') {
    const merged = await orInterrupted(cell, () => merge(ports, open, { host, stage: step.stage }));
    const reason = merged.kind === 'merged' ? `merge: ${merged.result}` : 'merge failed';
    change(afterMerged(read(), step.stage, merged), reason);
  } else if (host && step.kind === 'commit') {
    const done = await commit(ports, open, { host, summary: step.summary });
    change(afterCommitted(read(), done), done.kind === 'commit' ? `commit: ${done.outcome.kind}` : 'commit failed');
  }
}

async function start(
  { read, change, ports }: TaskCell,
  { next: due, host }: { readonly next: NextRun; readonly host: RunHost },
  open: Open,
): Promise<void> {
  const next = withMail(due, open.task.inbox);
  const runId = ports.newId();
  const onClosed = (outcome?: unknown): void => {
    change(runClosed(read(), runId, outcome), outcome === undefined ? 'the run died' : 'the run ended');
  };
  change(afterStart(read(), { runId, next, nowMs: Date.now() }), `run ${runId} starts`);
  await startRun(open, { runId, host, next, onClosed });
}

type QueueStep = StepOf<'publish' | 'enqueue' | 'tellBaseRed' | 'tellHeadPushed' | 'withdraw'>;

async function workWithQueue(cell: TaskCell, step: QueueStep, open: Open): Promise<void> {
  const { input, ports, read, change, waits } = cell;
  switch (step.kind) {
    case 'publish': {
      const published = await orInterrupted(cell, () => publish(ports, open));
      change(afterPublished(read(), published, Date.now()), 'the pull request is open');
      return;
    }
    case 'enqueue': {
      const entryId = ports.newId();
      change(enqueueing(read(), entryId), 'asks the merge queue');
      const enqueued = await enqueue(ports, open, entryId);
      change(afterEnqueued(read(), enqueued, { nowMs: Date.now(), waits }), 'the merge queue answered');
      return;
    }
    case 'tellBaseRed': {
      const { tip, checks } = step;
      const event = { kind: 'baseRed', tip, checks, from: taskWorkflowId(input.taskId) } as const;
      if ((await tellQueue(read(), event)) === 'gone') await reportBaseRed(ports, open, event);
      change(afterBaseRedTold(read()), 'the base is red');
      return;
    }
    case 'tellHeadPushed': {
      const { headSha = '' } = read();
      const answer = await tellQueue(read(), { kind: 'headPushed', entryId: step.entryId, headSha });
      change(afterHeadPushed(read(), answer), 'the queue was told of the new head');
      return;
    }
    case 'withdraw': {
      const { by = BY_PAUSE, reason = 'the task is paused' } = read().cancel ?? {};
      const answer = await tellQueue(read(), { kind: 'withdraw', entryId: step.entryId, by, reason });
      change(afterWithdrawTold(read(), answer, Date.now()), 'withdraws from the queue');
      return;
    }
  }
}

async function askOrStop(
  { ports, read, change }: TaskCell,
  step: StepOf<'askAgain' | 'askAfterRun' | 'stopRun'>,
): Promise<void> {
  if (step.kind === 'askAgain') {
    change(askingAgain(read()), 'asks for a slot again');
  } else if (step.kind === 'askAfterRun') {
    const [status] = await ports.engine.describeWorkflows({ workflowIds: [runWorkflowId(step.runId)] });
    const isOpen = status?.state === 'open';
    change(isOpen ? afterAsked(read(), Date.now()) : runClosed(read(), step.runId), 'asked after the run');
  } else {
    const by = read().cancel?.by ?? 'millwright';
    const answer = await tell(runWorkflowId(step.runId), runStopSignal, { by, cancel: true });
    change(answer === 'told' ? afterStopTold(read()) : runClosed(read(), step.runId), 'the run is stopped');
  }
}

async function stopOrEnd(cell: TaskCell, step: StepOf<'sendMail' | 'fail' | 'finish'>, open: Open): Promise<void> {
  const { ports, read, change } = cell;
  const mailId = ports.newId();
  if (step.kind === 'sendMail') {
    change(mailNamed(read(), mailId), 'asks by mail');
    await sendMail(ports, open, { mailId, template: step.template, toPerson: step.toPerson });
    change(mailSent(read(), mailId), 'asked by mail');
  } else if (step.kind === 'fail') {
    await cleanUp(ports, open);
    const template = { kind: 'attempts_exhausted', attempts: read().attempts, reason: step.reason } as const;
    await sendMail(ports, open, { mailId, template });
    // A cancellation that was accepted meanwhile is what it ends with.
    if (!read().cancel) change(failed(read(), step.reason), step.reason);
  } else {
    const { landed, cancel } = read();
    change(finished(read()), landed ? 'landed' : 'cancelled', landed ? undefined : cancel?.by);
    await cleanUp(ports, { ...open, task: read() });
  }
}
