// Pure: what the queue's workflow carries and how its rows follow the state. Transitions are in domain/merge.

import { endEntry, endHead, withLane } from '../../domain/merge/change.js';
import { BRISK_QUEUE_TIMING, QUEUE_TIMING, SEQUENTIAL } from '../../domain/merge/config.js';
import { isLive, laneMode } from '../../domain/merge/facts.js';
import type { Entry, Lane, QueueConfig, QueueState, Sha } from '../../domain/merge/types.js';
import type {
  MergeMember,
  QueueEntryRecord,
  QueueLaneRecord,
  QueueLifecycleEntry,
  RecordQueueInput,
} from '../contract/activities/merge.js';
import type { MergeQueueInput } from '../contract/merge-queue.js';

export interface QueueBirth {
  readonly queueId: string;
  readonly nowMs: number;
}

/** The state of a queue that has read nothing yet: it admits, but starts and lands nothing. */
export function restore(input: MergeQueueInput, { queueId, nowMs }: QueueBirth): QueueState {
  if (input.carried) return input.carried;
  const timing = { ...(input.tuning === 'brisk' ? BRISK_QUEUE_TIMING : QUEUE_TIMING), ...input.timing };
  return {
    queueId,
    runTag: nowMs.toString(36),
    cfg: SEQUENTIAL,
    timing,
    tip: '',
    epoch: 0,
    // Rises over all lives of one queue: rows are only overwritten by a later generation.
    gen: nowMs,
    next: { seq: 1, head: 1, path: 1, notice: 1, transition: 1 },
    entries: [],
    heads: [],
    paths: [],
    lane: { pausedBy: [], draining: false, by: 'system', reason: '', sinceMs: nowMs },
    waiters: [],
    ended: [],
    unrecorded: [],
    recent: [],
    marks: [],
    remoteDue: true,
    notices: [],
    transitions: [],
  };
}

/** The tip is known: work may begin. */
export const opened = (state: QueueState, tip: Sha, cfg: QueueConfig, projectName?: string): QueueState => ({
  ...state,
  ...(projectName === undefined ? {} : { projectName }),
  tip,
  cfg,
  gen: state.gen + 1,
  remoteDue: false,
});

export const isOpened = (state: QueueState): boolean => state.tip !== '';

/** The target branch does not exist (any more): nothing can land on it, and no hold of it has a meaning. */
export function baseGone(state: QueueState, nowMs: number): QueueState {
  let next: QueueState = { ...state, tip: '' };
  for (const head of state.heads.filter(isLive)) next = endHead(next, head.id, 'left');
  for (const { id } of state.entries) next = endEntry(next, id, { as: 'ejected', reason: 'BASE_GONE' }, nowMs);
  const lane: Lane = { pausedBy: [], draining: false, by: 'system', reason: 'the branch is gone', sinceMs: nowMs };
  return withLane(next, lane, nowMs);
}

export const memberOf = ({ id, prNumber, headRef, headSha, title }: Entry): MergeMember => ({
  entryId: id,
  prNumber,
  headRef,
  headSha,
  title,
});

export type QueueRecord = Omit<RecordQueueInput, 'projectId' | 'branch' | 'key'>;

/** What the rows do not say yet, or undefined. `recorded` is the state that they show. */
export function toRecord(state: QueueState, recorded: QueueState | undefined): QueueRecord | undefined {
  const changed = state.entries.filter((entry) => !recorded?.entries.includes(entry));
  const ended = state.unrecorded.map(({ entry, ended: end, detail }) => ({
    ...recordOf(entry),
    decidedAt: isoOf(end.atMs),
    ...(end.reason ? { reason: end.reason } : {}),
    ...(end.mergeSha ? { landedSha: end.mergeSha } : {}),
    ...(detail ? { detail } : {}),
  }));
  const sameLane = recorded?.lane === state.lane && recorded.tip === state.tip;
  if (changed.length + ended.length + state.transitions.length === 0 && sameLane) return undefined;
  return {
    gen: state.gen,
    entries: [...changed.map(recordOf), ...ended],
    log: logOf(state),
    ...(sameLane ? {} : { lane: laneRecord(state) }),
  };
}

/** The store took `record` of the state `of`. What changed meanwhile stays to be recorded. */
export const afterRecord = (state: QueueState, of: QueueState): QueueState => ({
  ...state,
  unrecorded: state.unrecorded.filter((one) => !of.unrecorded.includes(one)),
  transitions: state.transitions.filter((one) => !of.transitions.includes(one)),
});

const recordOf = (entry: Entry): QueueEntryRecord => ({
  entryId: entry.id,
  prNumber: entry.prNumber,
  owner: entry.owner,
  title: entry.title,
  headRef: entry.headRef,
  headSha: entry.headSha,
  patchId: entry.patchId,
  seq: entry.seq,
  priority: entry.priority,
  fixesBase: entry.fixesBase,
  state: entry.state,
  enqueuedBy: entry.enqueuedBy,
  enqueuedAt: isoOf(entry.enqueuedAtMs),
  ...(entry.taskId ? { taskId: entry.taskId } : {}),
  ...(entry.epicId ? { epicId: entry.epicId } : {}),
});

const laneRecord = (state: QueueState): QueueLaneRecord => ({
  mode: laneMode(state.lane),
  pausedBy: state.lane.pausedBy,
  draining: state.lane.draining,
  by: state.lane.by,
  reason: state.lane.red?.reason ?? state.lane.reason,
  since: isoOf(state.lane.red?.sinceMs ?? state.lane.sinceMs),
  tip: state.tip,
});

const logOf = (state: QueueState): readonly QueueLifecycleEntry[] =>
  state.transitions.map((line) => ({
    number: line.number,
    at: isoOf(line.atMs),
    type: line.type,
    data: { title: line.title, from: line.from, to: line.to, reason: line.reason, entryId: line.entryId ?? null },
    decision: {
      kind: 'transition',
      title: line.type === 'queue.lane' ? `lane ${line.from} → ${line.to}` : `${line.title}: ${line.from} → ${line.to}`,
      decision: line.to,
      reasoning: line.reason,
      by: line.by,
    },
    ...(line.taskId ? { taskId: line.taskId } : {}),
    ...(line.epicId ? { epicId: line.epicId } : {}),
  }));

const isoOf = (ms: number): string => new Date(ms).toISOString();
