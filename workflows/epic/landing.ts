// How the epic's own pull request gets onto the base branch. Pure.
import type { EpicFacts } from '../contract/activities/store.js';
import type { OwnerForgeEvent, RebaseRequestMessage } from '../contract/forge-event.js';
import type { Epic } from './epic.state.js';

export type Landing =
  /** Not looked at since the last task closed. */
  | { readonly kind: 'none' }
  /** The head adds something to the base: the pull request is to be opened, or shown the new head. */
  | { readonly kind: 'inspected'; readonly headSha: string }
  | { readonly kind: 'open'; readonly headSha: string }
  | {
      readonly kind: 'asked';
      readonly headSha: string;
      readonly entryId: string;
      readonly by: string;
      /** The queue takes no entries now. */
      readonly refused?: string;
      readonly retryAtMs?: number;
    }
  | {
      readonly kind: 'queued';
      readonly headSha: string;
      readonly entryId: string;
      readonly rebase?: Rebase;
      readonly withdrawing?: { readonly reason: string; readonly sent: boolean };
    }
  | { readonly kind: 'ejected'; readonly entryId: string; readonly reason: string; readonly next: string }
  | { readonly kind: 'landed'; readonly mergeSha: string; readonly looks: number; readonly retryAtMs?: number }
  | { readonly kind: 'nothing' };

/** A conflict with the base, resolved by a task of kind `integration`. */
export interface Rebase {
  readonly requestId: string;
  readonly files: readonly string[];
  readonly taskId: string;
  /** The task's row exists. */
  readonly added: boolean;
  /** The queue was told that its author is paused: that time does not count. */
  readonly heldTold?: boolean;
}

export type Queued = Extract<Landing, { kind: 'queued' }>;

/** What the rows of an earlier life say. The head is read anew where it matters. */
export function restoredLanding(entry: EpicFacts['entry']): Landing {
  if (!entry) return { kind: 'none' };
  const { entryId, state, landedSha } = entry;
  if (state === 'landed') return landedSha ? { kind: 'landed', mergeSha: landedSha, looks: 0 } : { kind: 'none' };
  if (state === 'ejected' || state === 'withdrawn')
    return { kind: 'ejected', entryId, reason: `it was ${state}`, next: 'look at the queue' };
  return { kind: 'queued', headSha: '', entryId };
}

/** Tasks were added or edited: what was found out about the head no longer holds. An entry in the queue stays. */
export const lookAgain = (epic: Epic): Epic =>
  epic.landing.kind === 'queued' || epic.landing.kind === 'landed' ? epic : { ...epic, landing: { kind: 'none' } };

/** Whether the pull request is in the base branch's queue, or about to be. */
export const isLanding = ({ landing }: Epic): boolean =>
  landing.kind === 'asked' || landing.kind === 'queued' || landing.kind === 'landed';

export function forgeEvent(epic: Epic, event: OwnerForgeEvent): Epic {
  const { landing } = epic;
  if (event.kind === 'laneChanged') return laneChanged(epic, epic.constants.baseBranch, event.mode, event.reason);
  const isOurs = inQueue(epic, event) !== undefined;
  if (event.kind === 'entryLanded') {
    const isNews = landing.kind !== 'landed' && epic.pr?.number === event.prNumber;
    return isNews ? { ...epic, landing: { kind: 'landed', mergeSha: event.mergeSha, looks: 0 } } : epic;
  }
  if (!isOurs) return epic;
  const { entryId } = event;
  const left =
    event.kind === 'entryEjected'
      ? { reason: event.reason, next: event.next }
      : { reason: `withdrawn by ${event.by}`, next: 'look at the pull request' };
  return { ...epic, landing: { kind: 'ejected', entryId, ...left } };
}

/** One integration task per request; a repeat or an amendment of it changes nothing: the task merges the newest base. */
export function rebaseRequested(epic: Epic, request: RebaseRequestMessage, newTaskId: string): Epic {
  const queued = inQueue(epic, request);
  if (!queued || queued.withdrawing || queued.rebase || epic.seen.includes(request.requestId)) return epic;
  const rebase = { requestId: request.requestId, files: request.files, taskId: newTaskId, added: false };
  return { ...epic, landing: { ...queued, entryId: request.entryId, rebase } };
}

/**
 * Our entry, if the message is about it. The queue may speak before its answer to the admission is here, and the pull
 * request's number finds an entry that an earlier life of this epic or of the queue made.
 */
function inQueue(
  { landing, pr }: Epic,
  about: { readonly entryId: string; readonly prNumber: number },
): Queued | undefined {
  if (landing.kind === 'asked' && landing.entryId === about.entryId)
    return { kind: 'queued', headSha: landing.headSha, entryId: landing.entryId };
  const isOurs = landing.kind === 'queued' && (landing.entryId === about.entryId || pr?.number === about.prNumber);
  return isOurs ? landing : undefined;
}

export function laneChanged(epic: Epic, branch: string, mode: string, reason = ''): Epic {
  const { [branch]: _, ...others } = epic.lanes;
  return { ...epic, lanes: mode === 'open' ? others : { ...others, [branch]: reason ? `${mode}: ${reason}` : mode } };
}
