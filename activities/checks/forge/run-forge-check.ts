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
  isGivenUp,
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
  const { writes } = deps.pools;
  const now = await deps.checks.read(input.projectId, input.commit, context, signal);
  const ref = await candidateRef(deps, input);
  const p95Ms = await contextP95Ms(writes, input.projectId);
  const timeoutMs = contextTimeoutMs(p95Ms[context.name], deps.timeoutMs);
  const claim = await claimForgeCheck(writes, input, {
    commit: input.commit,
    ref,
    context: context.context,
    timeoutMs,
    beforeMark: now?.mark ?? null,
    needsNewer: now !== undefined && (isSpent(input, now) || (await isGivenUp(writes, { ...input, ...now }))),
  });
  let outcome: CheckRun['outcome'] | 'left' = 'left';
  let lastMark: string | undefined;
  try {
    const { run, last } = await settled({ ...following, claim, ref, timeoutMs }, now);
    ({ outcome } = run);
    if (outcome === 'timeout') lastMark = last?.mark;
    return run;
  } finally {
    await endForgeCheck(writes, input, outcome, lastMark);
    // The verdict does not depend on it: what is left here goes with the next sweep.
    if (outcome !== 'left') await releaseCandidate(deps, input, ref, signal).catch(() => undefined);
  }
}

interface Asked extends Following {
  readonly claim: ForgeCheckClaim;
  readonly ref: string;
  readonly timeoutMs: number;
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

interface Settled {
  readonly run: CheckRun;
  /** What the CI said last. */
  readonly last: ContextRun | undefined;
}

async function settled(asked: Asked, now: ContextRun | undefined): Promise<Settled> {
  const { deps, claim, timeoutMs, news, signal } = asked;
  const done = async (run: Promise<CheckRun>, last: ContextRun | undefined): Promise<Settled> => ({
    run: await run,
    last,
  });
  if (now !== undefined && isNews(asked, now)) {
    if (now.conclusion !== null) return await done(resultOf(asked, now, now.ms), now);
  } else if (!(await askFor(asked, now)) && now !== undefined) return await done(resultOf(asked, now, now.ms), now);
  const begunAt = performance.now() - claim.waitedMs;
  let last = now;
  for (let waitMs = 0; ; ) {
    const waitedMs = Math.round(performance.now() - begunAt);
    if (waitedMs >= timeoutMs) return await done(timedOut(asked, last, waitedMs), last);
    await news.wait(Math.min(waitMs || deps.pollMs, timeoutMs - waitedMs), signal);
    const read = await readPatiently(asked);
    waitMs = read.waitMs;
    last = read.run ?? last;
    if (read.run && isNews(asked, read.run) && read.run.conclusion !== null)
      return await done(resultOf(asked, read.run, Math.round(performance.now() - begunAt)), last);
  }
}

/**
 * What ended is run again by itself. For what was never seen, and for what began and never ended, a CI has one way: the
 * push of a branch, which is another one for each build. @returns false where the CI cannot be asked
 */
async function askFor({ deps, input, ref, signal }: Asked, now: ContextRun | undefined): Promise<boolean> {
  if (now !== undefined && now.conclusion !== null) return await deps.checks.runAgain(input.projectId, now, signal);
  await pushCandidate(deps, input, ref, signal);
  return true;
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
