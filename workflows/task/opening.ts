// Pure: where a task begins, or goes on after the engine lost it.
import type { TaskFacts } from '../contract/activities/store.js';
import { withHold } from '../support/holds.js';
import { blocked, told } from './blocking.js';
import type { Blocked } from './stages.js';
import { FIRST_RUN, type TaskFlow } from './task.state.js';

const LIVE: readonly string[] = ['queued', 'active', 'rebasing'];

/** Facts of an earlier life are in the row: what was pushed is verified again, which stored evidence makes cheap. */
export function openedWith(before: TaskFlow, facts: TaskFacts): TaskFlow {
  const { entry, headSha, baseSha, prNumber, summary } = facts;
  const task: TaskFlow = {
    ...before,
    facts,
    state: facts.state,
    revision: facts.revision,
    // Holds of others are told again by those who hold.
    pausedBy: withHold(
      before.pausedBy,
      'person',
      before.pausedBy.includes('person') || facts.pausedBy.includes('person'),
    ),
    attempts: Math.max(before.attempts, facts.attempts),
    // Where nothing was kept of an earlier life, it begins at the target's tip of today.
    ...(baseSha === undefined || (headSha === undefined && facts.checkpointSha === undefined)
      ? {}
      : { baseSha, onTip: baseSha }),
    ...(headSha === undefined ? {} : { headSha }),
    ...(prNumber === undefined ? {} : { prNumber }),
    ...(summary === undefined ? {} : { summary }),
    // A head holds everything up to its round; a checkpoint counts only before the first one.
    ...(headSha === undefined && baseSha !== undefined && facts.checkpointSha !== undefined
      ? { checkpointSha: facts.checkpointSha }
      : {}),
  };
  if (entry?.landedSha !== undefined) return { ...task, landed: { mergeSha: entry.landedSha } };
  const isQueued = entry !== undefined && LIVE.includes(entry.state) && headSha !== undefined && prNumber !== undefined;
  const goOn: Blocked['goal'] = isQueued
    ? { kind: 'queued' }
    : headSha === undefined
      ? firstStage(facts, task.checkpointSha !== undefined)
      : { kind: 'verify', tries: 0, notBeforeMs: 0 };
  const queued = isQueued ? { entry: { entryId: entry.entryId, rebasing: false } } : {};
  if (facts.state !== 'BLOCKED' || before.openFailed) return { ...task, ...queued, stage: goOn };
  return blocked({ ...task, ...queued }, { reason: 'it was blocked before the engine was restored', goal: goOn });
}

const firstStage = ({ mergeBranch }: TaskFacts, isOnCheckpoint: boolean): Blocked['goal'] => {
  if (mergeBranch !== undefined) return { kind: 'merge', opensAttempt: true };
  return isOnCheckpoint ? { ...FIRST_RUN, next: told(FIRST_RUN.next, EARLIER_LIFE) } : FIRST_RUN;
};

const EARLIER_LIFE = 'an earlier run of this task ended in the middle of its work';
