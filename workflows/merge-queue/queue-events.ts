// Pure: what messages and the clock mean for the queue.
import { whyNotWithdraw, withdraw } from '../../domain/merge/admit.js';
import { markRed } from '../../domain/merge/lane.js';
import { holdAuthor } from '../../domain/merge/rebase.js';
import { ownerPushed } from '../../domain/merge/remote.js';
import type { QueueState } from '../../domain/merge/types.js';
import type { QueueForgeEvent } from '../contract/forge-event.js';

export interface BuildRef {
  readonly pathId: string;
  readonly attempt: number;
}

/** What an owner, or whoever watches the forge, says. */
export function heard(state: QueueState, event: QueueForgeEvent, nowMs: number): QueueState {
  switch (event.kind) {
    case 'headPushed':
      return ownerPushed(state, event.entryId, event.headSha, nowMs);
    case 'authorHeld':
      return holdAuthor(state, event.entryId, event.on, nowMs);
    case 'withdraw':
      return whyNotWithdraw(state, event.entryId) ? state : withdraw(state, event, nowMs);
    case 'baseMoved':
      return { ...state, remoteDue: true };
    case 'baseRed': {
      const { tip, checks, from } = event;
      const reason = `the base itself fails ${checks.map((check) => check.name).join(', ')}`;
      return markRed(state, { tip, checks, from, reason }, nowMs);
    }
  }
}

/** Whether the queue still waits for this build's word. */
export const isAwaited = (state: QueueState, { pathId, attempt }: BuildRef): boolean =>
  (state.control?.pathId === pathId && state.control.attempt === attempt) ||
  state.paths.some(
    (path) =>
      path.id === pathId && path.attempt === attempt && (path.status === 'building' || path.status === 'cancelling'),
  );

/** Builds that should have spoken by now. */
export function silentBuilds(state: QueueState, nowMs: number): readonly BuildRef[] {
  const isOld = (startedAtMs: number): boolean => nowMs >= startedAtMs + state.timing.silentMs;
  const paths = state.paths
    .filter((path) => path.status === 'cancelling' || (path.status === 'building' && isOld(path.startedAtMs)))
    .map(({ id, attempt }) => ({ pathId: id, attempt }));
  const { control } = state;
  return control && isOld(control.startedAtMs) ? [...paths, control] : paths;
}
