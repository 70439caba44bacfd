// Pure: the order of calls only. `task` and `mergeBuild` inject their activities, tests inject fakes.
import type { Candidate, EvidenceId, FailedCheck, Sha } from '../../domain/merge/types.js';
import type {
  CheckPlan,
  CheckRun,
  EvidenceRecord,
  PlanChecksInput,
  PlannedCheck,
  RunCheckInput,
} from '../contract/activities/checks.js';
import type { ComposeOutcome } from '../contract/activities/merge.js';
import { type CheckVerdict, judgeCheck } from './judge.js';

/** The machinery failed; says nothing about the change. */
export interface Infra {
  readonly kind: 'infra';
  readonly error: string;
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

/** Name under which an unreadable configuration is reported as a failed check. */
const CONFIGURATION = 'millwright.yml';

/** compose → look up → run → re-run → control → store, for one candidate. */
export async function verify(ports: VerifyPorts, subject: VerifySubject): Promise<VerifyOutcome> {
  const composed = await ports.compose();
  if (composed.kind !== 'composed') return { ...withoutKindOf(composed), machineMs: 0 };
  const { base } = subject;
  const candidate: Candidate = { parent: composed.parent, commit: composed.commit, tree: composed.tree };
  const plan = await ports.planChecks({ base, commit: candidate.commit, tree: candidate.tree });
  if (plan.kind === 'infra') return { ...plan, machineMs: 0 };
  if (plan.kind === 'invalid') return judgeConfiguration(ports, base, composed, plan.message);
  const required = requiredChecks(plan.checks);
  const stored = await ports.lookUpEvidence(required.map((check) => check.key));
  const verdicts = await runMissing(ports, subject, composed, required, stored);
  return { ...combine(candidate, verdicts), machineMs: verdicts.reduce((sum, verdict) => sum + verdict.ms, 0) };
}

/** A configuration that cannot be read is red like a failed check; when the parent's cannot either, the base is. */
async function judgeConfiguration(
  ports: VerifyPorts,
  base: Sha,
  { parent, parentTree, commit, tree }: Composed,
  message: string,
): Promise<VerifyOutcome> {
  const candidate: Candidate = { parent, commit, tree };
  const checks = [{ name: CONFIGURATION, failedTests: [message] }];
  const control = await ports.planChecks({ base, commit: parent, tree: parentTree });
  if (control.kind === 'infra') return { ...control, machineMs: 0 };
  return control.kind === 'invalid'
    ? { kind: 'controlRed', candidate, checks, machineMs: 0 }
    : { kind: 'red', cause: 'red', candidate, checks, evidence: [], machineMs: 0 };
}

/** Required checks and, transitively, what they need, in configured order. */
export function requiredChecks(checks: readonly PlannedCheck[]): readonly PlannedCheck[] {
  const wanted = new Set(checks.filter((check) => check.required).map((check) => check.name));
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const check of checks) if (wanted.has(check.name)) for (const need of check.needs) wanted.add(need);
  }
  return checks.filter((check) => wanted.has(check.name));
}

/** Starts each check as soon as what it needs has passed; checks with a stored verdict do not run. */
async function runMissing(
  ports: VerifyPorts,
  subject: VerifySubject,
  at: Composed,
  checks: readonly PlannedCheck[],
  stored: readonly EvidenceRecord[],
): Promise<readonly CheckVerdict[]> {
  const running = new Map<string, Promise<CheckVerdict>>();
  let stopped = false;
  const judge = async (check: PlannedCheck): Promise<CheckVerdict> => {
    const known = stored.find((record) => record.key === check.key);
    if (known) return fromEvidence(known);
    for (const need of check.needs) {
      const verdict = await running.get(need);
      if (verdict && verdict.kind !== 'passed') return { kind: 'skipped', ms: 0 };
    }
    if (stopped) return { kind: 'skipped', ms: 0 };
    const verdict = await judgeCheck({ ports, subject, at, check, isStopped: () => stopped });
    if (verdict.kind === 'red' && check.failFast && !stopped) {
      stopped = true;
      ports.stopRunning();
    }
    return verdict;
  };
  // A check may be listed before what it needs: start them in an order in which every need is known.
  for (const check of inNeedsOrder(checks)) running.set(check.name, judge(check));
  return Promise.all(checks.map((check) => running.get(check.name) ?? judge(check)));
}

function inNeedsOrder(checks: readonly PlannedCheck[]): readonly PlannedCheck[] {
  const ordered: PlannedCheck[] = [];
  const visit = (check: PlannedCheck, path: readonly string[]): void => {
    if (ordered.includes(check) || path.includes(check.name)) return;
    for (const need of check.needs) {
      const needed = checks.find((other) => other.name === need);
      if (needed) visit(needed, [...path, check.name]);
    }
    ordered.push(check);
  };
  for (const check of checks) visit(check, []);
  return ordered;
}

const fromEvidence = (record: EvidenceRecord): CheckVerdict =>
  record.outcome === 'passed'
    ? { kind: 'passed', evidence: record.id, flakyTests: record.flakyTests, ms: 0 }
    : {
        kind: 'red',
        cause: 'red',
        evidence: record.id,
        ms: 0,
        check: {
          name: record.check,
          failedTests: record.failedTests,
          ...(record.logRef ? { logRef: record.logRef } : {}),
        },
      };

/** A red base outranks a red change (nobody is blamed for it), a confirmed red outranks broken machinery. */
function combine(candidate: Candidate, verdicts: readonly CheckVerdict[]): OutcomeOfChecks {
  const controlRed = verdicts.flatMap((verdict) => (verdict.kind === 'controlRed' ? [verdict.check] : []));
  if (controlRed.length > 0) return { kind: 'controlRed', candidate, checks: controlRed };
  const red = verdicts.flatMap((verdict) => (verdict.kind === 'red' ? [verdict] : []));
  if (red.length > 0)
    return {
      kind: 'red',
      cause: red.some((verdict) => verdict.cause === 'red') ? 'red' : 'timeout',
      candidate,
      checks: red.map((verdict) => verdict.check),
      evidence: red.flatMap((verdict) => (verdict.evidence ? [verdict.evidence] : [])),
    };
  const infra = verdicts.find((verdict) => verdict.kind === 'infra');
  if (infra?.kind === 'infra') return { kind: 'infra', error: infra.error };
  const passed = verdicts.flatMap((verdict) => (verdict.kind === 'passed' ? [verdict] : []));
  if (passed.length < verdicts.length) return { kind: 'infra', error: 'a check was skipped without a verdict' };
  return {
    kind: 'passed',
    candidate,
    evidence: passed.map((verdict) => verdict.evidence),
    flakyTests: passed.flatMap((verdict) => verdict.flakyTests),
  };
}

type OutcomeOfChecks =
  | Omit<Extract<VerifyOutcome, { kind: 'passed' }>, 'machineMs'>
  | Omit<Extract<VerifyOutcome, { kind: 'red' }>, 'machineMs'>
  | Omit<Extract<VerifyOutcome, { kind: 'controlRed' }>, 'machineMs'>
  | Infra;

/** The part of a composition that is a verdict by itself. */
function withoutKindOf(composed: Exclude<ComposeOutcome | Infra, { kind: 'composed' }>) {
  if (composed.kind !== 'conflict') return composed;
  return { kind: composed.kind, entryId: composed.entryId, files: composed.files };
}
