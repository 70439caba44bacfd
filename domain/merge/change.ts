// The few edits that every transition is made of. Each keeps the state's books: generation, log, notices.
import { findEntry, laneMode } from './facts.js';
import type {
  EjectionDetail,
  EndedEntry,
  Entry,
  EntryId,
  EntryState,
  Head,
  Lane,
  Notice,
  NoticeEntry,
  Path,
  QueueState,
  QueueTransition,
  Reason,
  Sha,
} from './types.js';

/** What an entry may become. `landed` from queued or rebasing: somebody else put its head on the base. */
export const ENTRY_TRANSITIONS = {
  queued: ['active', 'rebasing', 'landed', 'ejected', 'withdrawn'],
  active: ['landed', 'rebasing', 'ejected', 'withdrawn'],
  rebasing: ['queued', 'landed', 'ejected', 'withdrawn'],
  landed: [],
  ejected: [],
  withdrawn: [],
} as const satisfies Record<EntryState, readonly EntryState[]>;

/** How many ended entries are remembered, so that a repeated admission gets its old answer. */
const KEPT_ENDED = 100;
const SYSTEM = 'system';

export const withEntry = (state: QueueState, id: EntryId, patch: Partial<Entry>): QueueState => ({
  ...state,
  gen: state.gen + 1,
  entries: state.entries.map((entry) => (entry.id === id ? { ...entry, ...patch } : entry)),
});

export const withHead = (state: QueueState, id: number, patch: Partial<Head>): QueueState => ({
  ...state,
  gen: state.gen + 1,
  heads: state.heads.map((head) => (head.id === id ? { ...head, ...patch } : head)),
});

export const withPath = (state: QueueState, id: string, patch: Partial<Path>): QueueState => ({
  ...state,
  gen: state.gen + 1,
  paths: state.paths.map((path) => (path.id === id ? { ...path, ...patch } : path)),
});

export const withoutPath = (state: QueueState, id: string): QueueState => ({
  ...state,
  gen: state.gen + 1,
  paths: state.paths.filter((path) => path.id !== id),
});

/** Fact: the head landed or left. Ends its open landing, if it had one. */
export const endHead = (state: QueueState, id: number, as: 'landed' | 'left'): QueueState => {
  const { landing, ...rest } = withHead(state, id, { state: as, endGen: state.gen + 1 });
  return landing && landing.head !== id ? { ...rest, landing } : rest;
};

/** @throws Error on a transition outside the table: a bug, never an expected case */
export function moveEntry(
  state: QueueState,
  id: EntryId,
  to: EntryState,
  why: { readonly reason?: string; readonly by?: string; readonly nowMs: number },
  patch: Partial<Entry> = {},
): QueueState {
  const entry = findEntry(state, id);
  const allowed: readonly EntryState[] = entry ? ENTRY_TRANSITIONS[entry.state] : [];
  if (!entry || !allowed.includes(to)) throw new Error(`entry ${id}: ${entry?.state ?? 'absent'} cannot become ${to}`);
  return logged(withEntry(state, id, { ...patch, state: to }), {
    atMs: why.nowMs,
    type: 'queue.entry',
    entryId: id,
    ...ownersOf(entry),
    title: `#${entry.prNumber} ${entry.title}`,
    from: entry.state,
    to,
    reason: why.reason ?? '',
    by: why.by ?? SYSTEM,
  });
}

export type Ending =
  | { readonly as: 'landed'; readonly mergeSha: Sha; readonly reason?: Reason }
  | { readonly as: 'ejected'; readonly reason: Reason; readonly detail?: Partial<EjectionDetail> }
  | { readonly as: 'withdrawn'; readonly by: string; readonly reason?: string };

/** Ends an entry, exactly once: it leaves the state, its owner is told. Its head is the caller's business. */
export function endEntry(state: QueueState, id: EntryId, ending: Ending, nowMs: number): QueueState {
  const entry = findEntry(state, id);
  if (!entry) return state;
  const moved = moveEntry(state, id, ending.as, {
    nowMs,
    ...(ending.reason ? { reason: ending.reason } : {}),
    ...(ending.as === 'withdrawn' ? { by: ending.by } : {}),
  });
  const ended: EndedEntry = {
    id,
    prNumber: entry.prNumber,
    headSha: entry.headSha,
    title: entry.title,
    state: ending.as,
    atMs: nowMs,
    ...(ending.as === 'landed' ? { mergeSha: ending.mergeSha } : {}),
    ...(ending.as !== 'withdrawn' && ending.reason ? { reason: ending.reason } : {}),
    ...(ending.as === 'withdrawn' ? { reason: 'OPERATOR' as const } : {}),
  };
  const notice = noticeOf(entry, ending);
  const detail = notice.kind === 'ejected' ? { detail: notice.detail } : {};
  return notify(
    {
      ...moved,
      entries: moved.entries.filter((other) => other.id !== id),
      ended: [...moved.ended, ended].slice(-KEPT_ENDED),
      unrecorded: [...moved.unrecorded, { entry: { ...entry, state: ending.as }, ended, ...detail }],
    },
    notice,
  );
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

export const notify = (state: QueueState, notice: Unnumbered<Notice>): QueueState => ({
  ...state,
  next: { ...state.next, notice: state.next.notice + 1 },
  notices: [...state.notices, { ...notice, id: state.next.notice }],
});

export const logged = (state: QueueState, line: Omit<QueueTransition, 'number'>): QueueState => ({
  ...state,
  next: { ...state.next, transition: state.next.transition + 1 },
  transitions: [...state.transitions, { ...line, number: state.next.transition }],
});

/** Changes the lane; a changed mode is logged and told to everybody who waits for it. */
export function withLane(state: QueueState, lane: Lane, nowMs: number): QueueState {
  const [from, to] = [laneMode(state.lane), laneMode(lane)];
  const changed = { ...state, gen: state.gen + 1, lane };
  if (from === to) return changed;
  const about = { mode: to, reason: lane.red?.reason ?? lane.reason };
  const owners = [...new Set([...state.entries.map((entry) => entry.owner), ...state.waiters])];
  const epics = [...new Set(state.entries.flatMap((entry) => entry.epicId ?? []))];
  let next: QueueState = {
    ...logged(changed, { atMs: nowMs, type: 'queue.lane', title: 'lane', from, to, reason: about.reason, by: lane.by }),
    waiters: to === 'open' ? [] : state.waiters,
  };
  for (const owner of owners) next = notify(next, { kind: 'lane', to: owner, ...about });
  for (const epicId of epics) next = notify(next, { kind: 'epicLane', epicId, ...about });
  return next;
}

export const noticeEntry = (entry: Entry): NoticeEntry => ({
  entryId: entry.id,
  prNumber: entry.prNumber,
  owner: entry.owner,
  headSha: entry.headSha,
  title: entry.title,
  ...ownersOf(entry),
});

const ownersOf = (entry: Entry) => ({
  ...(entry.taskId ? { taskId: entry.taskId } : {}),
  ...(entry.epicId ? { epicId: entry.epicId } : {}),
});

function noticeOf(entry: Entry, ending: Ending): Unnumbered<Notice> {
  const about = noticeEntry(entry);
  switch (ending.as) {
    case 'landed':
      return {
        kind: 'landed',
        entry: about,
        mergeSha: ending.mergeSha,
        ...(ending.reason ? { reason: ending.reason } : {}),
      };
    case 'ejected':
      return {
        kind: 'ejected',
        entry: about,
        reason: ending.reason,
        detail: { evidence: [], failedChecks: [], ...ending.detail },
      };
    case 'withdrawn':
      return { kind: 'withdrawn', entry: about, by: ending.by };
  }
}
