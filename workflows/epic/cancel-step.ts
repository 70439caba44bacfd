import { canBecome, isTaskClosed, TASK_MACHINE } from '../../domain/states.js';
import type { Epic, EpicTask } from './epic.state.js';
import type { Step } from './next-step.js';
import { landedTasks } from './tasks.js';

/** Ends what still runs: children first, then the entry, then what only the forge knows. */
export function cancelStep(epic: Epic): Step | undefined {
  const open = epic.tasks.filter((task) => task.open);
  const untold = open.filter((task) => !task.cancelSent).map(({ id }) => id);
  if (untold.length > 0) return { kind: 'cancelTasks', taskIds: untold };
  if (open.length > 0 || !epic.cancel) return undefined;
  const { landing } = epic;
  if (landing.kind === 'queued') {
    const reason = epic.cancel.reason ?? 'the epic was cancelled';
    return landing.withdrawing?.sent ? undefined : { kind: 'withdraw', entryId: landing.entryId, reason };
  }
  // The run is stopped by the lane of runs.
  if (epic.run) return undefined;
  // The withdrawal came too late.
  if (landing.kind === 'landed')
    return { kind: 'finish', landed: landedTasks(epic).length, mergeSha: landing.mergeSha };
  return epic.cancel.cleaned ? { kind: 'finishCancelled' } : { kind: 'cleanUpCancelled' };
}

/** Tasks without a workflow that end with the epic. */
export const cancellable = (epic: Epic): readonly EpicTask[] =>
  epic.tasks.filter(
    (task) =>
      !task.open &&
      canBecome(TASK_MACHINE, task.state, 'CANCELLED') &&
      (!isTaskClosed(task.state) || task.state === 'FAILED'),
  );
