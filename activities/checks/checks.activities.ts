import { Failure } from '../../domain/failures.js';
import { isContextKey } from '../../domain/forge/required-context.js';
import type { CheckActivities, CheckRun, RunCheckInput } from '../../workflows/contract/activities/checks.js';
import type { Carry } from '../engine/beside.js';
import { withHeartbeat } from '../support/heartbeat.js';
import { planContexts } from './forge/contexts.js';
import type { ForgeCiDeps } from './forge/ports.js';
import { runForgeCheck } from './forge/run-forge-check.js';
import { plainText } from './log-text.js';
import { type CommitPlan, type PlanDeps, planCommit } from './plan.js';
import type { CheckResults, CheckTree } from './ports.js';
import { infraOf, type RunCheckDeps, runCheckOnTree } from './run-check.js';
import type { SetupLayers } from './setup-layers.js';

export interface CheckDeps extends PlanDeps, RunCheckDeps {
  readonly layers: SetupLayers;
  readonly results: CheckResults;
  /** The CI of shared forges; without it their rules are not looked at. */
  readonly ci?: ForgeCiDeps;
  /** Waits for that CI without a slot of the worker; absent: with one. */
  readonly beside?: Carry;
}

export const createCheckActivities = (deps: CheckDeps): CheckActivities => ({
  planChecks: async ({ projectId, base, commit, tree }) => {
    const plan = await planCommit(deps, { projectId, base, commit });
    if (plan.kind === 'invalid') return plan;
    const usualMs = await deps.projects.usualMs(projectId);
    const own = plan.runs.map(({ check, key }) => ({
      name: check.name,
      key,
      needs: check.needs,
      required: check.required,
      failFast: check.failFast,
      rerunsTests: check.rerun !== undefined,
      timeoutMs: check.timeoutSeconds * 1000,
      estMs: usualMs[check.name] ?? check.timeoutSeconds * 1000,
    }));
    const contexts = deps.ci === undefined ? [] : await planContexts(deps.ci, { projectId, tree }, own);
    return { kind: 'planned', checks: [...own, ...contexts] };
  },

  /** Repeating it is free once it ended: its result is kept before it is answered. */
  runCheck: (input) => {
    const run = (signal: AbortSignal): Promise<CheckRun> => keptOrRun(deps, input, signal);
    // Of the forge's CI nothing is run here: a slot of this host is for what is.
    return isContextKey(input.key) && deps.beside ? deps.beside(run) : withHeartbeat(run);
  },
});

const keptOrRun = async (deps: CheckDeps, input: RunCheckInput, signal: AbortSignal): Promise<CheckRun> => {
  const claim = { key: input.key, buildId: input.buildId, purpose: input.purpose, only: input.only ?? [] };
  const kept = await deps.results.find(claim);
  if (kept) return kept;
  const run = await runOne(deps, input, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return infraOf(error);
  });
  if (run.outcome !== 'infra') await deps.results.keep(claim, run);
  return run;
};

const runOne = async (deps: CheckDeps, input: RunCheckInput, signal: AbortSignal): Promise<CheckRun> => {
  if (!isContextKey(input.key)) return await runPlanned(deps, input, signal);
  if (deps.ci === undefined) throw new Failure('InvalidState', 'No forge with a CI is configured here.');
  return await runForgeCheck(deps.ci, input, signal);
};

const runPlanned = async (deps: CheckDeps, input: RunCheckInput, signal: AbortSignal): Promise<CheckRun> => {
  const plan = await planCommit(deps, input, signal);
  if (plan.kind === 'invalid')
    return { outcome: 'failed', failedTests: ['millwright.yml'], ms: 0, message: plan.message };
  const planned = plan.runs.find(({ check }) => check.name === input.check);
  if (planned === undefined) throw new Failure('NotFound', `The commit has no check named ${input.check}.`);
  const failedSetup = await ensureLayer(deps, input, plan, signal);
  if (failedSetup) return failedSetup;
  const tree = await acquire(deps, input, '', signal);
  try {
    if (plan.layer) await deps.layers.copyInto(tree.path, plan.layer, signal);
    const { check } = planned;
    const only = input.only ? { only: input.only } : {};
    return await runCheckOnTree(deps, { check, tree: tree.path, isolation: plan.isolation, ...only }, signal);
  } finally {
    await tree.release();
  }
};

/**
 * A setup that fails where the base's does not need to run is the change's fault: it is answered as a red check, and
 * the control run on the parent confirms it. With the base's own key it is the machinery's.
 */
const ensureLayer = async (
  deps: CheckDeps,
  input: RunCheckInput,
  plan: CommitPlan,
  signal: AbortSignal,
): Promise<CheckRun | undefined> => {
  if (plan.layer === undefined) return undefined;
  if (!plan.isSetupNetworkAllowed) {
    throw new Failure('PermissionDenied', 'setup uses the network: an admin must allow it with setupNetwork: true.');
  }
  const startedAt = performance.now();
  const made = await deps.layers.ensure(plan.layer, () => acquire(deps, input, '/setup', signal), signal);
  if (made.kind === 'ready') return undefined;
  const ms = Math.round(performance.now() - startedAt);
  const logRef = await deps.blobs.put(made.log);
  const message = `setup failed: ${plainText(made.log).trimEnd().split('\n').slice(-3).join(' ').slice(-500)}`;
  const base = await planCommit(deps, { ...input, commit: input.base }, signal);
  const isOfTheChange = base.kind === 'planned' && base.layer?.key !== plan.layer.key;
  return isOfTheChange
    ? { outcome: 'failed', failedTests: [], logRef, ms, message }
    : { outcome: 'infra', failedTests: [], logRef, ms, message };
};

const acquire = (deps: CheckDeps, input: RunCheckInput, suffix: string, signal: AbortSignal): Promise<CheckTree> =>
  deps.trees.acquire({
    projectId: input.projectId,
    commit: input.commit,
    ownerId: `check/${input.buildId}/${input.purpose}/${input.check}${suffix}`,
    signal,
  });
