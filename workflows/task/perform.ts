import { runStopSignal } from '../contract/agent-run.js';
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
import { withMail } from './stages.js';
import { startRun } from './start-run.js';
import { cleanUp, commit, enqueue, merge, type Open, publish, sendMail, takeTree, verifyStep } from './steps.js';

type Doable = Exclude<Step, { kind: 'wait' | 'open' }>;

/** Does one step and changes the task by what came of it. The task is read after each await. */
export async function perform(cell: TaskCell, step: Doable, open: Open): Promise<void> {
  const { ports, read, change, waits } = cell;
  /** A cancellation or a landing makes the step worthless. */
  const orInterrupted = <T>(work: () => Promise<T>): Promise<T> =>
    untilStopped(() => read().cancel !== undefined || read().landed !== undefined, work);
  const timed = () => ({ nowMs: Date.now(), waits });
  const { host } = open.task;

  switch (step.kind) {
    case 'takeTree': {
      const taken = await orInterrupted(() => takeTree(ports, open));
      change(afterTree(read(), taken), taken.kind === 'tree' ? `works on ${taken.host.hostQueue}` : 'no tree');
      return;
    }
    case 'startRun':
      return start(cell, step.stage, open);
    case 'merge': {
      if (!host) return;
      const merged = await orInterrupted(() => merge(ports, open, { host, stage: step.stage }));
      change(
        afterMerged(read(), step.stage, merged),
        merged.kind === 'merged' ? `merge: ${merged.result}` : 'merge failed',
      );
      return;
    }
    case 'commit': {
      if (!host) return;
      const done = await commit(ports, open, { host, summary: step.summary });
      change(afterCommitted(read(), done), done.kind === 'commit' ? `commit: ${done.outcome.kind}` : 'commit failed');
      return;
    }
    case 'verify': {
      const verified = await orInterrupted(() => verifyStep(ports, open, step.tries));
      const reason = verified.kind === 'verified' ? `checks: ${verified.outcome.kind}` : 'the checks could not be run';
      change(afterVerified(read(), verified, timed()), reason);
      return;
    }
    case 'publish': {
      const published = await publish(ports, open);
      change(afterPublished(read(), published, Date.now()), 'the pull request is open');
      return;
    }
    case 'enqueue': {
      const entryId = ports.newId();
      change(enqueueing(read(), entryId), 'asks the merge queue');
      const enqueued = await enqueue(ports, open, entryId);
      change(afterEnqueued(read(), enqueued, timed()), 'the merge queue answered');
      return;
    }
    case 'sendMail': {
      const mailId = ports.newId();
      change(mailNamed(read(), mailId), 'asks by mail');
      await sendMail(ports, open, { mailId, template: step.template });
      change(mailSent(read(), mailId), 'asked by mail');
      return;
    }
    case 'fail': {
      await cleanUp(ports, open);
      const template = { kind: 'attempts_exhausted', attempts: read().attempts, reason: step.reason } as const;
      await sendMail(ports, open, { mailId: ports.newId(), template });
      change(failed(read(), step.reason), step.reason);
      return;
    }
    case 'finish': {
      const { landed, cancel } = read();
      change(finished(read()), landed ? 'landed' : 'cancelled', landed ? undefined : cancel?.by);
      return cleanUp(ports, { ...open, task: read() });
    }
    default:
      return tellOthers(cell, step);
  }
}

async function start(
  { read, change, ports }: TaskCell,
  stage: Extract<Step, { kind: 'startRun' }>['stage'],
  open: Open,
) {
  const { host, inbox } = open.task;
  if (!host) return;
  const next = withMail(stage.next, inbox);
  const runId = ports.newId();
  const onClosed = (outcome?: unknown): void => {
    change(runClosed(read(), runId, outcome), outcome === undefined ? 'the run died' : 'the run ended');
  };
  change(afterStart(read(), { runId, next, nowMs: Date.now() }), `run ${runId} starts`);
  await startRun(open, { runId, host, next, onClosed });
}

type Told = Extract<
  Step,
  { kind: 'askAgain' | 'askAfterRun' | 'tellBaseRed' | 'tellHeadPushed' | 'stopRun' | 'withdraw' }
>;

async function tellOthers({ input, ports, read, change }: TaskCell, step: Told): Promise<void> {
  switch (step.kind) {
    case 'askAfterRun': {
      const [status] = await ports.engine.describeWorkflows({ workflowIds: [runWorkflowId(step.runId)] });
      const task = read();
      change(
        status?.state === 'open' ? afterAsked(task, Date.now()) : runClosed(task, step.runId),
        'asked after the run',
      );
      return;
    }
    case 'stopRun': {
      const by = read().cancel?.by ?? 'millwright';
      const answer = await tell(runWorkflowId(step.runId), runStopSignal, { by, cancel: true });
      change(answer === 'told' ? afterStopTold(read()) : runClosed(read(), step.runId), 'the run is stopped');
      return;
    }
    case 'askAgain': {
      const { toldOwner: _lost, ...task } = read();
      change({ ...task, askedAtMs: Date.now() }, 'asks for a slot again');
      return;
    }
    case 'tellBaseRed': {
      const { tip, checks } = step;
      await tellQueue(read(), { kind: 'baseRed', tip, checks, from: taskWorkflowId(input.taskId) });
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
      const { by = '', reason = 'the task was cancelled' } = read().cancel ?? {};
      const answer = await tellQueue(read(), { kind: 'withdraw', entryId: step.entryId, by, reason });
      change(afterWithdrawTold(read(), answer, Date.now()), 'withdraws from the queue');
      return;
    }
  }
}
