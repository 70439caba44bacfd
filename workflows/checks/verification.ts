// What a verification needs and answers. Shared by its driver, its judge and its wiring.
import type { Candidate, EvidenceId, FailedCheck, Sha } from '../../domain/merge/types.js';
import type {
  CheckPlan,
  CheckRun,
  EvidenceRecord,
  PlanChecksInput,
  RunCheckInput,
} from '../contract/activities/checks.js';
import type { ComposeOutcome } from '../contract/activities/merge.js';

/** The machinery failed; says nothing about the change. */
export interface Infra {
  readonly kind: 'infra';
  readonly error: string;
  /** A check did not end in its time, and nobody knows whose fault that is. */
  readonly isTimeout?: true;
}

/** What a verification needs from outside. No port throws but for the caller's own cancellation. */
export interface VerifyPorts {
  compose(): Promise<ComposeOutcome | Infra>;
  planChecks(input: Omit<PlanChecksInput, 'projectId'>): Promise<CheckPlan | Infra>;
  lookUpEvidence(keys: readonly string[]): Promise<readonly EvidenceRecord[]>;
  runCheck(input: Omit<RunCheckInput, 'projectId' | 'buildId'>): Promise<CheckRun>;
  storeEvidence(record: Omit<EvidenceRecord, 'id' | 'buildId'>): Promise<EvidenceRecord>;
  voidEvidence(keys: readonly string[], reason: string): Promise<void>;
  /** A first red, told at once; the failed tests run again meanwhile. */
  suspect(check: FailedCheck): Promise<void>;
  /** Ends the checks that still run: a confirmed red made them worthless. */
  stopRunning(): void;
}

export interface VerifySubject {
  /** Commit whose configuration rules: the tip. */
  readonly base: Sha;
  /** No more attempts follow: a timeout is judged by a control run. */
  readonly lastAttempt: boolean;
}

export interface Composed extends Candidate {
  readonly parentTree: Sha;
}

export type VerifyOutcome = { readonly machineMs: number } & (
  | {
      readonly kind: 'passed';
      readonly candidate: Candidate;
      readonly evidence: readonly EvidenceId[];
      readonly flakyTests: readonly string[];
    }
  /** Red twice, and green on the candidate's parent: the change is to blame. */
  | {
      readonly kind: 'red';
      readonly cause: 'red' | 'timeout';
      readonly candidate: Candidate;
      readonly checks: readonly FailedCheck[];
      readonly evidence: readonly EvidenceId[];
    }
  /** Red on the candidate's parent too: no verdict on this change. */
  | { readonly kind: 'controlRed'; readonly candidate: Candidate; readonly checks: readonly FailedCheck[] }
  | { readonly kind: 'conflict'; readonly entryId: string; readonly files: readonly string[] }
  | { readonly kind: 'empty' }
  | { readonly kind: 'tipMoved'; readonly tip: Sha }
  | Infra
);

/** Nothing was merged: the candidate is the tip. */
export const isOwnParent = ({ commit, parent }: Composed): boolean => commit === parent;
