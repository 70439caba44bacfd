// Children and factory of an epic under test: they speak the contract, and do what the test's world says.
import { ApplicationFailure } from '@temporalio/common';
import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { RunState, TaskState } from '../../../domain/states.js';
import { type AgentRunOutcome, type AgentRunWorkflow, runStopSignal } from '../../../workflows/contract/agent-run.js';
import { runChangedSignal, type TaskChanged, taskChangedSignal } from '../../../workflows/contract/epic.js';
import { factoryAskAdmissionSignal, factoryEndAdmissionSignal } from '../../../workflows/contract/factory.js';
import { epicWorkflowId } from '../../../workflows/contract/ids.js';
import { admittedSignal, holdSignal, mailSignal } from '../../../workflows/contract/messages.js';
import type { TaskOutcome, TaskWorkflow } from '../../../workflows/contract/task.js';
import { shielded } from '../../../workflows/support/shielded.js';
import { tell } from '../../../workflows/support/tell.js';

export type TaskEnding = 'COMPLETED' | 'FAILED' | 'die' | 'blocks';

export interface ChildActivities {
  taskSays(input: {
    taskId: string;
    attempt: number;
    what: 'started' | 'held' | 'released' | 'cancelled';
  }): Promise<void>;
  /** Answers when the test lets the task go on. */
  doTask(input: { taskId: string; attempt: number }): Promise<TaskEnding>;
  doRun(input: {
    runId: string;
    epicId: string;
    kind: string;
    planErrors: readonly string[];
    mailIds: readonly string[];
    previousFailure?: string;
  }): Promise<AgentRunOutcome | 'waits' | 'dies'>;
  runSays(input: { runId: string; epicId: string; what: string }): Promise<void>;
}

const acts: ChildActivities = proxyActivities<ChildActivities>({
  startToCloseTimeout: '1 minute',
  cancellationType: 'ABANDON',
});
/** Task ids of these tests are `<epic id>:<key>`. */
const epicOf = (taskId: string): string => taskId.split(':')[0] ?? '';

export const task = (async ({ taskId, attempt, admitted }) => {
  let slots = admitted ? 1 : 0;
  let held = false;
  let isCancelled = false;
  let ending: TaskEnding | undefined;
  setHandler(admittedSignal, (message) => {
    slots = message.slots;
  });
  setHandler(holdSignal, async ({ on }) => {
    held = on;
    await acts.taskSays({ taskId, attempt, what: on ? 'held' : 'released' });
  });
  const say = (state: TaskState, news: Partial<TaskChanged> = {}) =>
    tell(epicWorkflowId(epicOf(taskId)), taskChangedSignal, {
      taskId,
      attempt,
      attempts: attempt,
      state,
      wantsSlot: false,
      hasBranch: false,
      ...news,
    });
  const work = async (): Promise<TaskOutcome> => {
    await say('PENDING', { wantsSlot: true });
    await condition(() => (slots > 0 && !held) || isCancelled);
    if (!isCancelled) {
      await acts.taskSays({ taskId, attempt, what: 'started' });
      await say('IN_PROGRESS', { wantsSlot: true });
      acts.doTask({ taskId, attempt }).then(
        (done) => {
          ending = done;
        },
        () => {
          ending = 'die';
        },
      );
      await condition(() => ending !== undefined || isCancelled);
      if (ending === 'blocks') {
        await say('BLOCKED', { reason: 'it needs a person' });
        await condition(() => isCancelled);
      }
    }
    if (isCancelled) {
      await acts.taskSays({ taskId, attempt, what: 'cancelled' });
      await say('CANCELLED');
      return { kind: 'cancelled' };
    }
    if (ending === 'die') return { kind: 'ended', state: 'IN_PROGRESS' };
    await condition(() => !held || isCancelled);
    const failed = ending === 'FAILED';
    await say(failed ? 'FAILED' : 'COMPLETED', {
      hasBranch: true,
      ...(failed ? { reason: 'it broke' } : { landedSha: 'sha' }),
    });
    return failed ? { kind: 'failed', reason: 'it broke' } : { kind: 'completed', mergeSha: 'sha' };
  };
  return shielded(() => {
    isCancelled = true;
  }, work);
}) satisfies TaskWorkflow;

export const agentRun = (async ({ runId, epicId = '', kind, parentWorkflowId, host, context }) => {
  let stop: { cancel?: boolean; by: string } | undefined;
  let outcome: AgentRunOutcome | undefined;
  let isWaiting = false;
  let isDead = false;
  let mail = 0;
  setHandler(runStopSignal, (command) => {
    stop = command;
  });
  setHandler(mailSignal, () => {
    mail += 1;
  });
  setHandler(holdSignal, ({ on }) => acts.runSays({ runId, epicId, what: on ? 'held' : 'released' }));
  const say = (state: RunState) =>
    tell(parentWorkflowId, runChangedSignal, { runId, state, ...(outcome ? { outcome } : {}) });
  const { planErrors = [], mailIds = [], previousFailure } = context;
  await say('running');
  acts.doRun({ runId, epicId, kind, planErrors, mailIds, ...(previousFailure ? { previousFailure } : {}) }).then(
    (done) => {
      if (done === 'waits') isWaiting = true;
      else if (done === 'dies') isDead = true;
      else outcome = done;
    },
    () => {
      isDead = true;
    },
  );
  await condition(() => outcome !== undefined || stop !== undefined || isWaiting || isDead);
  if (isDead) throw ApplicationFailure.nonRetryable('the run died', 'Died');
  if (isWaiting && !stop) {
    await say('waiting');
    await condition(() => mail > 0 || stop !== undefined);
    outcome = { kind: 'completed', summary: 'answered', host };
  }
  if (stop) outcome = stop.cancel ? { kind: 'cancelled', host } : { kind: 'stopped', by: stop.by, host };
  await say('completed');
  return outcome ?? { kind: 'cancelled', host };
}) satisfies AgentRunWorkflow;

/** Gives every asker what it wants; an asker of priority 5 waits for ever. */
export async function factory(): Promise<void> {
  const asked: { workflowId: string; slots: number }[] = [];
  setHandler(factoryAskAdmissionSignal, ({ workflowId, wants, priority }) => {
    asked.push({ workflowId, slots: priority === 5 ? 0 : wants });
  });
  setHandler(factoryEndAdmissionSignal, () => undefined);
  for (;;) {
    await condition(() => asked.length > 0);
    const next = asked.shift();
    if (next) await tell(next.workflowId, admittedSignal, { slots: next.slots });
  }
}
