import { isTaskClosed } from '../../domain/states.js';
import type { Epic } from './epic.state.js';
import type { Queued } from './landing.js';
import type { Step } from './next-step.js';
import { failedTasks, findTask, landedTasks, tasksClosed } from './tasks.js';

/** From the last closed task to the landed pull request. */
export function landingStep(epic: Epic, nowMs: number): Step | undefined {
  const { landing, plan, refresh } = epic;
  // More tasks may follow from what was not read yet.
  if (plan.applied === undefined || refresh || (plan.version ?? 0) > plan.applied) return undefined;
  if (landing.kind === 'queued') return queuedStep(epic, landing);
  if (!tasksClosed(epic)) return undefined;
  const landed = landedTasks(epic).length;
  if (landing.kind === 'landed') return landedStep(epic, nowMs);
  if (failedTasks(epic).length > 0) return undefined;
  if (epic.constants.mergeTarget === 'base' || landed === 0) return { kind: 'finish', landed };
  switch (landing.kind) {
    case 'none':
      return { kind: 'inspectHead' };
    case 'nothing':
      return { kind: 'finish', landed };
    case 'inspected':
      return { kind: 'openPullRequest', headSha: landing.headSha };
    case 'asked':
      return (landing.retryAtMs ?? 0) <= nowMs ? { kind: 'enqueue' } : undefined;
    default:
      return undefined;
  }
}

/** Nothing is left to do but to end; a run that still answers mail is stopped. */
export const isFinishing = (epic: Epic, nowMs: number): boolean => landingStep(epic, nowMs)?.kind === 'finish';

/** The queue asked for a rebase: a task resolves it, then the queue hears of the new head. */
function queuedStep(epic: Epic, { entryId, rebase, withdrawing }: Queued): Step | undefined {
  if (withdrawing) return withdrawing.sent ? undefined : { kind: 'withdraw', entryId, reason: withdrawing.reason };
  if (!rebase) return undefined;
  if (!rebase.added) return { kind: 'addIntegrationTask', taskId: rebase.taskId, files: rebase.files };
  const task = findTask(epic, rebase.taskId);
  if (!task || !isTaskClosed(task.state) || task.state === 'FAILED') return undefined;
  if (task.state === 'COMPLETED') return { kind: 'sayResolved' };
  return { kind: 'withdraw', entryId, reason: `its rebase was ${task.state}` };
}

function landedStep(epic: Epic, nowMs: number): Step | undefined {
  const { landing } = epic;
  if (landing.kind !== 'landed') return undefined;
  const { mergeSha, looks } = landing;
  // What is not seen after these looks is left to the sweep: the change has landed all the same.
  if (looks >= 5) return { kind: 'finish', landed: landedTasks(epic).length, mergeSha };
  return (landing.retryAtMs ?? 0) <= nowMs ? { kind: 'cleanUpLanded', mergeSha } : undefined;
}

/** While the epic is paused the queue's clock of the rebase stands still. */
export function authorHeldStep({ landing, pausedBy }: Epic): Step | undefined {
  if (landing.kind !== 'queued' || !landing.rebase) return undefined;
  const on = pausedBy.length > 0;
  return (landing.rebase.heldTold ?? false) === on
    ? undefined
    : { kind: 'sayAuthorHeld', entryId: landing.entryId, on };
}
