// Pure: what a verification means for the queue.
import type { BuildResult, Candidate, FailedCheck, Sha } from '../../domain/merge/types.js';
import type { VerifyOutcome } from '../checks/verify.js';

const MAX_TESTS = 50;
const NOTHING = { failedTests: [], failedChecks: [], evidence: [] } as const;

const blame = (checks: readonly FailedCheck[]) => ({
  failedTests: checks.flatMap((check) => check.failedTests).slice(0, MAX_TESTS),
  failedChecks: checks,
});

/** @param tip what the candidate was composed on: a red control right there means that the base itself is red */
export function resultOf(outcome: VerifyOutcome, tip: Sha): BuildResult {
  switch (outcome.kind) {
    case 'passed':
      return { ...NOTHING, cause: 'none', evidence: outcome.evidence };
    case 'red':
      return { ...blame(outcome.checks), cause: outcome.cause, evidence: outcome.evidence };
    case 'controlRed':
      return {
        ...NOTHING,
        ...blame(outcome.checks),
        cause: 'inherited',
        ...(outcome.candidate.parent === tip ? { tip } : {}),
      };
    case 'conflict':
      return { ...NOTHING, cause: 'conflict', conflict: { with: 'tip', files: outcome.files } };
    case 'empty':
      return { ...NOTHING, cause: 'empty' };
    case 'tipMoved':
      return { ...NOTHING, cause: 'tipMoved', tip: outcome.tip };
    case 'infra':
      return { ...NOTHING, cause: 'infra', error: outcome.error };
  }
}

export const suspectResult = (check: FailedCheck): BuildResult => ({ ...NOTHING, ...blame([check]), cause: 'red' });

export const candidateOf = (outcome: VerifyOutcome): { readonly candidate?: Candidate } =>
  'candidate' in outcome ? { candidate: outcome.candidate } : {};
