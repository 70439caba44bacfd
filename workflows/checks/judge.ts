import type { FailedCheck } from '../../domain/merge/types.js';
import type { CheckPurpose, CheckRun, PlannedCheck } from '../contract/activities/checks.js';
import { type Composed, isOwnParent, type VerifyPorts, type VerifySubject } from './verification.js';

export type CheckVerdict = { readonly ms: number } & (
  | { readonly kind: 'passed'; readonly evidence: string; readonly flakyTests: readonly string[] }
  | { readonly kind: 'red'; readonly cause: 'red' | 'timeout'; readonly check: FailedCheck; readonly evidence?: string }
  | { readonly kind: 'controlRed'; readonly check: FailedCheck }
  | { readonly kind: 'infra'; readonly error: string; readonly isTimeout?: true }
  | { readonly kind: 'skipped' }
);

export interface JudgeInput {
  readonly ports: VerifyPorts;
  readonly subject: VerifySubject;
  readonly at: Composed;
  readonly check: PlannedCheck;
  readonly isStopped: () => boolean;
}

/** Runs one check and says whose fault a red is. Stores the verdict before it answers. */
export async function judgeCheck(input: JudgeInput): Promise<CheckVerdict> {
  const clock = { ms: 0 };
  const run = async (
    on: 'candidate' | 'parent',
    purpose: CheckPurpose,
    plan: PlannedCheck,
    only?: readonly string[],
  ) => {
    const tree = on === 'candidate' ? input.at.tree : input.at.parentTree;
    const commit = on === 'candidate' ? input.at.commit : input.at.parent;
    const result = await input.ports.runCheck({
      base: input.subject.base,
      commit,
      tree,
      check: plan.name,
      key: plan.key,
      purpose,
      ...(only ? { only } : {}),
    });
    clock.ms += result.ms;
    return result;
  };
  const verdict = await judge(input, run);
  return { ...verdict, ms: clock.ms };
}

type Run = (
  on: 'candidate' | 'parent',
  purpose: CheckPurpose,
  plan: PlannedCheck,
  only?: readonly string[],
) => Promise<CheckRun>;
/** A verdict without its time; distributes over the union. */
type Untimed<T = CheckVerdict> = T extends unknown ? Omit<T, 'ms'> : never;

async function judge(input: JudgeInput, run: Run): Promise<Untimed> {
  const { ports, subject, check, isStopped } = input;
  const first = await run('candidate', 'first', check);
  if (isStopped()) return { kind: 'skipped' };
  if (first.outcome === 'infra') return infra(check, first);
  if (first.outcome === 'timeout')
    return subject.lastAttempt ? judgeTimeout(input, run, first) : timedOut(check, first);
  if (first.outcome === 'passed') return passed(input, first, []);

  await ports.suspect(failedCheck(check, first));
  const only = check.rerunsTests && first.failedTests.length > 0 ? first.failedTests : undefined;
  const again = await run('candidate', 'rerun', check, only);
  if (isStopped()) return { kind: 'skipped' };
  if (again.outcome === 'infra') return infra(check, again);
  if (again.outcome === 'timeout') return timedOut(check, again);
  if (again.outcome === 'passed')
    return passed(input, again, first.failedTests.length > 0 ? first.failedTests : [check.name]);
  return judgeRed(input, run, again, only);
}

/** The same tests on the candidate's parent decide whether the change is to blame. */
async function judgeRed(input: JudgeInput, run: Run, red: CheckRun, only?: readonly string[]): Promise<Untimed> {
  const { check, isStopped } = input;
  if (isOwnParent(input.at)) return baseIsRed(input, check.key, red);
  const parent = await planParent(input);
  if (parent.kind === 'infra') return parent;
  // The parent does not have this check: nothing but the change can have made it red.
  if (parent.kind === 'absent') return storeRed(input, red, 'red');
  let control = await run('parent', 'control', parent.check, only);
  // Tests that the change itself adds fail on the parent by not being there: the whole check tells.
  if (control.outcome === 'failed' && only) control = await run('parent', 'controlWhole', parent.check);
  if (isStopped()) return { kind: 'skipped' };
  if (control.outcome === 'infra') return infra(check, control);
  if (control.outcome === 'timeout') return timedOut(check, control);
  if (control.outcome === 'passed') return storeRed(input, red, 'red');
  return baseIsRed(input, parent.check.key, control);
}

/** What was said about the parent is contradicted; nothing is said about the change. */
async function baseIsRed({ ports, check }: JudgeInput, key: string, run: CheckRun): Promise<Untimed> {
  await ports.voidEvidence([key], `contradicted by a control run of ${check.name}`);
  return { kind: 'controlRed', check: failedCheck(check, run) };
}

/** After the last attempt: a control that ends in time makes the timeout the change's fault. */
async function judgeTimeout(input: JudgeInput, run: Run, slow: CheckRun): Promise<Untimed> {
  if (isOwnParent(input.at)) return timedOut(input.check, slow);
  const parent = await planParent(input);
  if (parent.kind === 'infra') return parent;
  if (parent.kind === 'absent') return storeRed(input, slow, 'timeout');
  const control = await run('parent', 'control', parent.check);
  if (input.isStopped()) return { kind: 'skipped' };
  if (control.outcome === 'infra') return infra(input.check, control);
  return control.outcome === 'timeout' ? timedOut(input.check, control) : storeRed(input, slow, 'timeout');
}

async function planParent({ ports, subject, at, check }: JudgeInput) {
  const plan = await ports.planChecks({ base: subject.base, commit: at.parent, tree: at.parentTree });
  if (plan.kind === 'infra') return plan;
  const same = plan.kind === 'planned' ? plan.checks.find((other) => other.name === check.name) : undefined;
  return same ? ({ kind: 'planned', check: same } as const) : ({ kind: 'absent' } as const);
}

async function passed({ ports, at, check }: JudgeInput, run: CheckRun, flaky: readonly string[]): Promise<Untimed> {
  const stored = await ports.storeEvidence({
    key: check.key,
    check: check.name,
    tree: at.tree,
    outcome: 'passed',
    flakyTests: flaky,
    failedTests: [],
    ms: run.ms,
    ...(run.logRef ? { logRef: run.logRef } : {}),
  });
  // The first stored verdict of a key wins, whoever stored it.
  if (stored.outcome === 'passed') return { kind: 'passed', evidence: stored.id, flakyTests: stored.flakyTests };
  return {
    kind: 'red',
    cause: 'red',
    evidence: stored.id,
    check: { name: check.name, failedTests: stored.failedTests },
  };
}

async function storeRed({ ports, at, check }: JudgeInput, run: CheckRun, cause: 'red' | 'timeout'): Promise<Untimed> {
  const stored = await ports.storeEvidence({
    key: check.key,
    check: check.name,
    tree: at.tree,
    outcome: 'failed',
    flakyTests: [],
    failedTests: run.failedTests,
    ms: run.ms,
    ...(run.logRef ? { logRef: run.logRef } : {}),
  });
  if (stored.outcome === 'passed') return { kind: 'passed', evidence: stored.id, flakyTests: stored.flakyTests };
  return { kind: 'red', cause, evidence: stored.id, check: failedCheck(check, run) };
}

const failedCheck = (check: PlannedCheck, run: CheckRun): FailedCheck => ({
  name: check.name,
  failedTests: run.failedTests.slice(0, 50),
  ...(run.logRef ? { logRef: run.logRef } : {}),
});
const infra = (check: PlannedCheck, run: CheckRun): Untimed => ({
  kind: 'infra',
  error: `${check.name}: ${run.message ?? 'the check could not be run'}`,
});
const timedOut = (check: PlannedCheck, { message }: CheckRun): Untimed => ({
  kind: 'infra',
  isTimeout: true,
  error: `${check.name}: ${message ?? `no result within ${Math.round(check.timeoutMs / 1000)} s`}`,
});
