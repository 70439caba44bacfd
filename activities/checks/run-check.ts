import { setTimeout as sleep } from 'node:timers/promises';
import { FAILURES, Failure } from '../../domain/failures.js';
import type { CheckConfig, RetryStrategy } from '../../domain/project-config/types.js';
import type { CheckRun } from '../../workflows/contract/activities/checks.js';
import type { CommandResult, Sandbox } from '../sandbox/command.js';
import { hostLimits, type SandboxLimits } from '../sandbox/limits.js';
import { capturedText } from '../sandbox/output.js';
import { keepTrying } from '../support/keep-trying.js';
import { failedTestsOf, rerunCommand } from './failed-tests.js';
import { logOf, plainText } from './log-text.js';
import type { Blobs } from './ports.js';
import { assignments } from './setup-layers.js';

export interface RunCheckDeps {
  readonly sandbox: Sandbox;
  readonly blobs: Blobs;
  readonly limits?: SandboxLimits;
}

export interface CheckOnTree {
  readonly check: CheckConfig;
  /** Directory of a tree that nothing else uses, with the outputs of `setup` in it. */
  readonly tree: string;
  /** Only these tests, when the check has a `rerun` command. */
  readonly only?: readonly string[];
  readonly isolation: 'bubblewrap' | 'none';
}

const KEEP_BYTES = 1024 ** 2;
const TRIES = 3;
const STEP_MS = 5000;
const KILLED = 128 + 9;

/** Both streams as one, in the order in which they were written. */
const TOGETHER = 'exec 2>&1; exec sh -c "$1"';

/** Runs one check on one tree and keeps its log. */
export const runCheckOnTree = async (
  deps: RunCheckDeps,
  input: CheckOnTree,
  signal?: AbortSignal,
): Promise<CheckRun> => {
  const { check, only = [] } = input;
  const command = check.rerun !== undefined && only.length > 0 ? rerunCommand(check.rerun, only) : check.run;
  const logs: string[] = [];
  let ms = 0;
  for (let attempt = 1; ; attempt++) {
    const result = await runOnce(deps, input, command, signal);
    logs.push(logOf(command, result));
    ms += result.ms;
    const verdict = verdictOf(result);
    const isLast = check.retry === 'none' || attempt === TRIES;
    if (verdict.outcome !== 'failed' || isLast) {
      const logRef = await keepTrying(() => deps.blobs.put(logs.join('\n')), signal);
      return { ...verdict, logRef, ms: Math.round(ms) };
    }
    await sleep(retryPauseMs(check.retry, attempt), undefined, signal ? { signal } : {});
  }
};

const runOnce = (
  { sandbox, limits = hostLimits() }: RunCheckDeps,
  { check, tree, isolation }: CheckOnTree,
  command: string,
  signal?: AbortSignal,
): Promise<CommandResult> =>
  sandbox.run(
    {
      argv: ['/bin/sh', '-c', TOGETHER, 'check', command],
      tree,
      env: { CI: 'true', ...assignments(check.env) },
      hasDiskScratch: true,
      isolation,
      keepBytes: KEEP_BYTES,
      limits: { ...limits, wallMs: check.timeoutSeconds * 1000 },
    },
    signal,
  );

const verdictOf = (result: CommandResult): Pick<CheckRun, 'outcome' | 'failedTests' | 'message'> => {
  const { end } = result;
  if (end.kind === 'limit') {
    if (end.limit === 'time') return { outcome: 'timeout', failedTests: [], message: end.message };
    return { outcome: 'failed', failedTests: [], message: end.message };
  }
  if (end.code === 0) return { outcome: 'passed', failedTests: [] };
  // No limit of ours: the host ran out of memory, or somebody killed it. Neither says anything about the change.
  if (end.code === KILLED) return { outcome: 'infra', failedTests: [], message: 'The check was killed from outside.' };
  return { outcome: 'failed', failedTests: failedTestsOf(plainText(capturedText(result.stdout))) };
};

/** @param attempt that just failed, from 1 */
export const retryPauseMs = (strategy: RetryStrategy, attempt: number): number => {
  switch (strategy) {
    case 'none':
    case 'immediate':
      return 0;
    case 'fixed':
      return STEP_MS;
    case 'exponential':
      return STEP_MS * 2 ** (attempt - 1);
    case 'fibonacci':
      return STEP_MS * fibonacci(attempt);
  }
};

const fibonacci = (n: number): number => (n <= 2 ? 1 : fibonacci(n - 1) + fibonacci(n - 2));

/**
 * What a thrown failure means for the verdict: the machinery's fault is no verdict.
 * @throws what may be mended by the next attempt, a database that is away above all, and what is no `Failure`
 */
export const infraOf = (error: unknown): CheckRun => {
  if (!(error instanceof Failure) || FAILURES[error.type].retryable) throw error;
  return { outcome: 'infra', failedTests: [], ms: 0, message: error.message };
};
