// The required checks of a repository and their stored verdicts. Used by `task`, `mergeBuild` and the queue's landing.

/** One check as configured, with the key of everything it may depend on at one tree. */
export interface PlannedCheck {
  readonly name: string;
  /** Evidence key: SHA-256 of definition, toolchain digest and inputs at the planned tree. */
  readonly key: string;
  readonly needs: readonly string[];
  readonly required: boolean;
  /** Ends a build at its first confirmed red. */
  readonly failFast: boolean;
  /** Has a `rerun` command, so that only the failed tests can be repeated. */
  readonly rerunsTests: boolean;
  readonly timeoutMs: number;
  /** Usual duration, from recorded runs; the timeout when nothing is known. */
  readonly estMs: number;
}

export interface PlanChecksInput {
  readonly projectId: string;
  /** Commit whose configuration names the required checks; a tree that edits it runs the union of both. */
  readonly base: string;
  readonly commit: string;
  readonly tree: string;
}

export type CheckPlan =
  | { readonly kind: 'planned'; readonly checks: readonly PlannedCheck[] }
  /** The tree's configuration cannot be read; `message` names file, line and key. */
  | { readonly kind: 'invalid'; readonly message: string };

/** `control` runs on the candidate's parent, restricted to the failed tests where possible; `controlWhole` never is. */
export type CheckPurpose = 'first' | 'rerun' | 'control' | 'controlWhole';

export interface RunCheckInput {
  readonly projectId: string;
  readonly base: string;
  readonly commit: string;
  readonly tree: string;
  readonly check: string;
  readonly key: string;
  /** Claim = (key, buildId, purpose): an attempt after a crash finds the result of the dead one. */
  readonly buildId: string;
  readonly purpose: CheckPurpose;
  /** Only these tests, by the check's `rerun` command. */
  readonly only?: readonly string[];
}

export interface CheckRun {
  /** `infra` is no verdict: killed, no sandbox, setup broken. `message` says what. */
  readonly outcome: 'passed' | 'failed' | 'timeout' | 'infra';
  /** At most 50 names; empty when the output names none. */
  readonly failedTests: readonly string[];
  readonly logRef?: string;
  readonly ms: number;
  readonly message?: string;
}

export interface EvidenceRecord {
  readonly id: string;
  readonly key: string;
  readonly check: string;
  readonly tree: string;
  readonly outcome: 'passed' | 'failed';
  readonly flakyTests: readonly string[];
  readonly failedTests: readonly string[];
  readonly logRef?: string;
  readonly buildId: string;
  readonly ms: number;
}

export interface CheckActivities {
  /** FORGE_READ, shared queue. Every check of the tree with its key; nothing runs. */
  planChecks(input: PlanChecksInput): Promise<CheckPlan>;
  /** CHECKS. Runs one check on a fresh tree of the commit in the sandbox. A red result is returned, not thrown. */
  runCheck(input: RunCheckInput): Promise<CheckRun>;
}

export interface EvidenceActivities {
  /** STORE. Live (unexpired, not voided) verdicts, at most one a key. */
  lookUpEvidence(input: {
    readonly projectId: string;
    readonly keys: readonly string[];
  }): Promise<readonly EvidenceRecord[]>;
  /** STORE. The first stored verdict of a key wins; answers the one that counts. */
  storeEvidence(input: {
    readonly projectId: string;
    readonly record: Omit<EvidenceRecord, 'id'>;
  }): Promise<EvidenceRecord>;
  /** STORE. A record contradicted by a control run no longer counts; it is kept with the reason. */
  voidEvidence(input: {
    readonly projectId: string;
    readonly keys: readonly string[];
    readonly reason: string;
  }): Promise<void>;
}
