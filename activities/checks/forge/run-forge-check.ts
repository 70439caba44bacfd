import { FAILURES, Failure } from '../../../domain/failures.js';
import { meaningOf } from '../../../domain/forge/conclusions.js';
import { contextKey, contextTimeoutMs, type NamedContext } from '../../../domain/forge/required-context.js';
import type { ContextRun } from '../../../infra/forge/checks.js';
import type { CheckRun, RunCheckInput } from '../../../workflows/contract/activities/checks.js';
import { failedTestsOf } from '../failed-tests.js';
import { plainText } from '../log-text.js';
import { sha256 } from '../sha256.js';
import { candidateRef, pushCandidate, releaseCandidate } from './candidate-ref.js';
import { requiredContexts } from './contexts.js';
import { failureLog } from './failure-log.js';
import {
  claimForgeCheck,
  contextP95Ms,
  endForgeCheck,
  type ForgeCheckClaim,
  postponeForgeCheck,
} from './forge-check.repository.js';
import type { FollowedCommit, ForgeCiDeps } from './ports.js';

/** Waits no longer than this for a forge that names when it answers again. */
const MOST_WAIT_MS = 5 * 60_000;

/**
 * Has the forge's CI look at one commit, and waits for what it says. Repeatable: what is there already is not asked for
 * again, and an attempt after a crash goes on waiting from when the first one asked.
 */
export async function runForgeCheck(deps: ForgeCiDeps, input: RunCheckInput, signal: AbortSignal): Promise<CheckRun> {
  const context = await contextOf(deps, input, signal);
  // From before the first look, so that nothing that is said meanwhile is slept through.
  const news = deps.news.follow(input.commit);
  try {
    return await follow({ deps, input, context, news, signal });
  } finally {
    news.close();
  }
}

interface Following {
  readonly deps: ForgeCiDeps;
  readonly input: RunCheckInput;
  readonly context: NamedContext;
  readonly news: FollowedCommit;
  readonly signal: AbortSignal;
}

async function follow(following: Following): Promise<CheckRun> {
  const { deps, input, context, signal } = following;
  const now = await deps.checks.read(input.projectId, input.commit, context, signal);
  const ref = await candidateRef(deps, input);
  const claim = await claimForgeCheck(deps.pools.writes, input, {
    commit: input.commit,
    ref,
    beforeMark: now?.mark ?? null,
    needsNewer: now !== undefined && isSpent(input, now),
  });
  let outcome: CheckRun['outcome'] | 'left' = 'left';
  try {
    const run = await settled({ ...following, claim, ref }, now);
    ({ outcome } = run);
    return run;
  } finally {
    await endForgeCheck(deps.pools.writes, input, outcome);
    // The verdict does not depend on it: what is left here goes with the next sweep.
    if (outcome !== 'left') await releaseCandidate(deps, input, ref, signal).catch(() => undefined);
  }
}

interface Asked extends Following {
  readonly claim: ForgeCheckClaim;
  readonly ref: string;
}

/** The names of the plan are those of the first plan: only the key tells which context is meant. */
async function contextOf(
  deps: ForgeCiDeps,
  { projectId, key, tree, check }: RunCheckInput,
  signal: AbortSignal,
): Promise<NamedContext> {
  const contexts = await requiredContexts(deps, projectId, [], signal);
  const found = contexts.find((context) => contextKey(context, tree, sha256) === key);
  if (found === undefined) throw new Failure('NotFound', `the branch’s rules no longer require ${check}`);
  return { ...found, name: check };
}

/** A red that is to be seen twice, and what an earlier build left without a verdict, are asked for again. */
function isSpent({ purpose }: RunCheckInput, { conclusion }: ContextRun): boolean {
  if (conclusion === null) return false;
  const meaning = meaningOf(conclusion);
  return purpose === 'rerun' ? meaning !== 'passed' : meaning === 'infra' || meaning === 'timeout';
}

async function settled(asked: Asked, now: ContextRun | undefined): Promise<CheckRun> {
  const { deps, input, context, claim, ref, news, signal } = asked;
  if (now === undefined) await pushCandidate(deps, input, ref, signal);
  else if (isNews(asked, now)) {
    if (now.conclusion !== null) return await resultOf(asked, now, now.ms);
  } else if (!(await deps.checks.runAgain(input.projectId, now, signal))) return await resultOf(asked, now, now.ms);
  const p95Ms = await contextP95Ms(deps.pools.writes, input.projectId);
  const timeoutMs = contextTimeoutMs(p95Ms[context.name], deps.timeoutMs);
  const begunAt = performance.now() - claim.waitedMs;
  let last = now;
  for (let waitMs = 0; ; ) {
    const waitedMs = Math.round(performance.now() - begunAt);
    if (waitedMs >= timeoutMs) return await timedOut(asked, last, waitedMs);
    await news.wait(Math.min(waitMs || deps.pollMs, timeoutMs - waitedMs), signal);
    const read = await readPatiently(asked);
    waitMs = read.waitMs;
    last = read.run ?? last;
    if (read.run && isNews(asked, read.run) && read.run.conclusion !== null)
      return await resultOf(asked, read.run, Math.round(performance.now() - begunAt));
  }
}

/** What was there before counts too, unless it is to be said anew. */
const isNews = ({ claim }: Asked, { mark }: ContextRun): boolean => !(claim.needsNewer && mark === claim.beforeMark);

/** A forge that is away for a while does not end the waiting; one that limits us stops the clock of it. */
async function readPatiently({ deps, input, context, signal }: Asked): Promise<{
  readonly run?: ContextRun | undefined;
  readonly waitMs: number;
}> {
  try {
    return { run: await deps.checks.read(input.projectId, input.commit, context, signal), waitMs: 0 };
  } catch (error) {
    if (signal.aborted || !(error instanceof Failure) || !FAILURES[error.type].retryable) throw error;
    if (error.type === 'RateLimited') {
      await postponeForgeCheck(deps.pools.writes, input, error.retryAfterMs ?? 0);
      throw error;
    }
    return { waitMs: Math.min(error.retryAfterMs ?? 0, MOST_WAIT_MS) };
  }
}

async function resultOf({ deps, input, context, signal }: Asked, run: ContextRun, ms: number): Promise<CheckRun> {
  const conclusion = run.conclusion ?? '';
  const outcome = meaningOf(conclusion);
  if (outcome === 'passed') return { outcome, failedTests: [], ms };
  const said = await deps.checks.log(input.projectId, run, signal);
  const logRef = await deps.blobs.put(failureLog(context.context, conclusion, said));
  const message = `the forge’s CI says ${conclusion}`;
  if (outcome !== 'failed') return { outcome, failedTests: [], logRef, ms, message };
  return { outcome, failedTests: failedTestsOf(plainText(said)), logRef, ms, message };
}

async function timedOut(asked: Asked, last: ContextRun | undefined, ms: number): Promise<CheckRun> {
  const { deps, context } = asked;
  const said =
    last === undefined || !isNews(asked, last)
      ? 'Nothing began to report it. Does the CI run for pushes to millwright-queue/**, and is the context still called that?'
      : 'It began and did not end.';
  const message = `no result within ${Math.round(ms / 1000)} s: ${said}`;
  const logRef = await deps.blobs.put(failureLog(context.context, 'no result', message));
  return { outcome: 'timeout', failedTests: [], logRef, ms, message };
}
