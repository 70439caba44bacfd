import { withoutPath, withPath } from './change.js';
import { findPath } from './facts.js';
import { controlReported, markRed } from './lane.js';
import type { BuildResult, Candidate, Path, PathStatus, QueueState } from './types.js';

/** What a build says of itself. */
export interface BuildReport {
  readonly pathId: string;
  readonly attempt: number;
  readonly phase: 'suspect' | 'verdict' | 'cancelled';
  readonly candidate?: Candidate;
  readonly result?: BuildResult;
}

/** Applies a report once. What does not match a path's attempt, or was applied before, is dropped. */
export function buildReported(state: QueueState, report: BuildReport, nowMs: number): QueueState {
  if (state.control?.pathId === report.pathId && state.control.attempt === report.attempt)
    return report.phase === 'suspect' ? state : controlReported(state, report.result, nowMs);
  const path = findPath(state, report.pathId);
  if (!path || path.attempt !== report.attempt) return state;
  if (path.status === 'cancelling') return report.phase === 'suspect' ? state : withoutPath(state, path.id);
  if (path.status !== 'building') return state;
  if (report.phase === 'suspect')
    return withPath(state, path.id, { suspect: true, suspectTests: (report.result?.failedTests ?? []).slice(0, 50) });
  // Nobody here asked for the cancellation, so it is no verdict.
  if (report.phase === 'cancelled' || !report.result) return tryAgain(state, path, interrupted, nowMs);
  return verdict(state, path, report.result, report.candidate, nowMs);
}

/** A build that is closed without a stored verdict, or that the engine does not know. */
export const buildVanished = (state: QueueState, pathId: string, attempt: number, nowMs: number): QueueState =>
  buildReported(state, { pathId, attempt, phase: 'cancelled' }, nowMs);

function verdict(
  state: QueueState,
  path: Path,
  result: BuildResult,
  candidate: Candidate | undefined,
  nowMs: number,
): QueueState {
  switch (result.cause) {
    case 'infra':
      return tryAgain(state, path, result, nowMs);
    case 'tipMoved':
      return { ...withoutPath(state, path.id), remoteDue: true };
    case 'inherited': {
      const kept = finish(state, path, 'failed', result, candidate);
      const red = { tip: result.tip ?? '', reason: redReason(result), checks: result.failedChecks };
      return result.tip ? markRed(kept, red, nowMs) : kept;
    }
    default:
      return finish(state, path, FINISHED[result.cause], result, candidate);
  }
}

const FINISHED = {
  none: 'passed',
  red: 'failed',
  timeout: 'failed',
  conflict: 'conflict',
  empty: 'empty',
} as const satisfies Record<string, PathStatus>;

const finish = (
  state: QueueState,
  path: Path,
  status: PathStatus,
  result: BuildResult,
  candidate: Candidate | undefined,
): QueueState => withPath(state, path.id, { status, result, suspect: false, ...(candidate ? { candidate } : {}) });

const interrupted: BuildResult = {
  cause: 'infra',
  failedTests: [],
  failedChecks: [],
  evidence: [],
  error: 'the build was interrupted',
};

/** Broken machinery never ends an entry: the same candidate is built again, later each time. */
function tryAgain(state: QueueState, path: Path, result: BuildResult, nowMs: number): QueueState {
  const { infraBackoffMs } = state.timing;
  const waitMs = infraBackoffMs[Math.min(path.attempt, infraBackoffMs.length) - 1] ?? 0;
  return withPath(state, path.id, { status: 'retrying', result, retryAtMs: nowMs + waitMs, suspect: false });
}

const redReason = (result: BuildResult): string =>
  `the base itself fails ${result.failedChecks.map((check) => check.name).join(', ') || 'its checks'}`;
