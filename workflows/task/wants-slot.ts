import type { TaskFlow } from './task.state.js';

/** Whether a run of the task is queued or running, or about to be: only then it holds, or waits for, a slot. */
export function wantsSlot(task: TaskFlow): boolean {
  if (task.cancel || task.landed || task.pausedBy.length > 0) return false;
  if (task.stage.kind === 'run' || task.stage.kind === 'merge') return true;
  if (task.stage.kind !== 'running' || !task.run) return false;
  switch (task.run.state) {
    case 'pending':
    case 'queued':
    case 'running':
    case 'degraded':
      return true;
    case 'waiting':
      return task.run.answering;
    case 'paused':
      // Ours to release: a slot comes first. A person's or the budget's pause is not.
      return task.run.held;
    default:
      return false;
  }
}
