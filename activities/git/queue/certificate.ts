import type { BuildResult } from '../../../domain/merge/types.js';
import type { CheckActivities, EvidenceRecord } from '../../../workflows/contract/activities/checks.js';
import { findEvidence } from '../../store/evidence.repository.js';
import type { MergeDeps } from './project.js';

export interface CertifyInput {
  readonly projectId: string;
  readonly base: string;
  readonly commit: string;
  readonly tree: string;
}

/** What the store says about every required check on one tree. */
export interface Certificate {
  readonly passed: readonly EvidenceRecord[];
  readonly failed: readonly EvidenceRecord[];
  /** Required checks without a passed verdict. */
  readonly missing: readonly string[];
}

/** The one landing rule: a tree lands when passed evidence exists for every required check's key, whoever produced it. */
export async function certify(deps: MergeDeps, input: CertifyInput): Promise<Certificate> {
  const plan: Awaited<ReturnType<CheckActivities['planChecks']>> = await deps.planChecks(input);
  if (plan.kind === 'invalid') return { passed: [], failed: [], missing: [plan.message] };
  const required = plan.checks.filter((check) => check.required);
  const keys = required.map((check) => check.key);
  const found = await findEvidence(deps.pools.writes, input.projectId, keys);
  const passed = found.filter((record) => record.outcome === 'passed');
  return {
    passed,
    failed: found.filter((record) => record.outcome === 'failed'),
    missing: required.filter(({ key }) => !passed.some((record) => record.key === key)).map(({ name }) => name),
  };
}

/** A red that was stored before, as a build would report it. */
export const storedRed = (failed: readonly EvidenceRecord[]): BuildResult => ({
  cause: 'red',
  failedTests: failed.flatMap((record) => record.failedTests).slice(0, 50),
  failedChecks: failed.map(({ check, failedTests, logRef }) => ({
    name: check,
    failedTests,
    ...(logRef === undefined ? {} : { logRef }),
  })),
  evidence: failed.map((record) => record.id),
});
