// Pure: the order of calls only. `task` and `mergeBuild` inject their activities, tests inject fakes.
import type { Candidate, Sha } from '../../domain/merge/types.js';
import type { EvidenceRecord, PlannedCheck } from '../contract/activities/checks.js';
import type { ComposeOutcome } from '../contract/activities/merge.js';
import { type CheckVerdict, judgeCheck } from './judge.js';
import {
  type Composed,
  type Infra,
  isOwnParent,
  type VerifyOutcome,
  type VerifyPorts,
  type VerifySubject,
} from './verification.js';

export type { Composed, Infra, VerifyOutcome, VerifyPorts, VerifySubject } from './verification.js';

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
  const stored = await lookUp(ports, composed, required);
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

/** On the tip itself an old red is no answer: whether the base is still red is the very question. */
async function lookUp(
  ports: VerifyPorts,
  at: Composed,
  checks: readonly PlannedCheck[],
): Promise<readonly EvidenceRecord[]> {
  const stored = await ports.lookUpEvidence(checks.map((check) => check.key));
  const failed = stored.filter((record) => record.outcome === 'failed');
  if (!isOwnParent(at) || failed.length === 0) return stored;
  await ports.voidEvidence(
    failed.map((record) => record.key),
    'repeated by a control run',
  );
  return stored.filter((record) => record.outcome === 'passed');
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
  if (infra?.kind === 'infra') return withoutTime(infra);
  const passed = verdicts.flatMap((verdict) => (verdict.kind === 'passed' ? [verdict] : []));
  if (passed.length < verdicts.length) return { kind: 'infra', error: 'a check was skipped without a verdict' };
  return {
    kind: 'passed',
    candidate,
    evidence: passed.map((verdict) => verdict.evidence),
    flakyTests: passed.flatMap((verdict) => verdict.flakyTests),
  };
}

const withoutTime = ({ ms: _, ...infra }: Extract<CheckVerdict, { kind: 'infra' }>): Infra => infra;

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
