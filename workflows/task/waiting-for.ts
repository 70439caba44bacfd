import { ANSWER_TO_AGENT, forgeWaitWords, noRoomWords } from '../../domain/waiting-words.js';
import { holdWords } from '../support/holds.js';
import type { LiveRun } from './stages.js';
import type { TaskFlow } from './task.state.js';

/** A run that its task holds goes on by itself, once there is a slot; one that has its answer, too. */
export const runWaits = (run: LiveRun | undefined): string | undefined =>
  run?.state === 'waiting' && !run.answering
    ? ANSWER_TO_AGENT
    : run?.state !== 'paused' || run.held
      ? undefined
      : run.waitingFor === undefined
        ? 'its run to be resumed'
        : `its run, which waits for ${run.waitingFor}`;

/** Whom or what the task waits for, in plain words. */
export function waitingFor(task: TaskFlow): string | undefined {
  const { stage } = task;
  if (stage.kind === 'end') return undefined;
  if (task.forgeWait !== undefined) return forgeWaitWords(task.forgeWait);
  if (task.cancel) return 'its run and its queue entry to end';
  if (task.pausedBy.length > 0) return holdWords(task.pausedBy);
  if (task.noRoom) return noRoomWords(task.noRoom);
  switch (stage.kind) {
    case 'run':
    case 'merge':
      return task.slots > 0 ? undefined : 'a free worker';
    case 'running':
      if (task.run?.state === 'waiting')
        return task.run.answering && task.slots === 0 ? 'a free worker' : ANSWER_TO_AGENT;
      return runWaits(task.run);
    case 'lane':
      return 'the target branch to be green again';
    case 'enqueue':
      return stage.notBeforeMs > 0 ? 'the merge queue to take entries again' : undefined;
    case 'queued':
      return 'the merge queue';
    case 'blocked':
      return stage.waitingFor;
    default:
      return undefined;
  }
}
