import { join } from 'node:path';
import { createAnthropicModel } from '../../activities/agents/anthropic/anthropic.js';
import { createCommandAgentActivities } from '../../activities/agents/command/command-agent.activities.js';
import { createModelActivities } from '../../activities/agents/model.activities.js';
import { createPromptComposer } from '../../activities/agents/prompts/compose.js';
import { createSealActivities } from '../../activities/agents/seal.activities.js';
import { createHostToolActivities } from '../../activities/agents/tools/host-tools.activities.js';
import { createStoreToolActivities } from '../../activities/agents/tools/store-tool.activities.js';
import { createCheckProjects } from '../../activities/checks/check-project.repository.js';
import { createCheckActivities } from '../../activities/checks/checks.activities.js';
import { ListeningNews } from '../../activities/checks/forge/commit-news.js';
import { voidTurnedRed } from '../../activities/checks/forge/turned-red.js';
import { createHostCleaners } from '../../activities/checks/host-cleaners.js';
import { FileCheckResults } from '../../activities/checks/results.js';
import { SetupLayers } from '../../activities/checks/setup-layers.js';
import { ToolchainProbe } from '../../activities/checks/toolchain.js';
import { BesideSlots } from '../../activities/engine/beside.js';
import { createWorkflowControls } from '../../activities/engine/controls.js';
import { createEngineActivities } from '../../activities/engine/engine.activities.js';
import { createForgeActivities } from '../../activities/forge/forge.activities.js';
import type { GateDeps } from '../../activities/forge/gates/ports.js';
import type { IssueDeps } from '../../activities/forge/issues/ports.js';
import { createForgeWatchActivities } from '../../activities/forge/watch/watch.activities.js';
import { createCheckTrees } from '../../activities/git/check-trees.js';
import { createHostClaimActivities } from '../../activities/git/host.activities.js';
import { createKeepCheckpoint } from '../../activities/git/keep-checkpoint.js';
import { createLookAtWork } from '../../activities/git/look-at-work.js';
import { createMergeActivities } from '../../activities/git/merge.activities.js';
import type { GitDeps } from '../../activities/git/ports.js';
import { createRefreshSetup } from '../../activities/git/refresh-setup.js';
import { createRepositoryActivities } from '../../activities/git/repository.activities.js';
import { createRetentionCleaners } from '../../activities/git/retention-cleaners.js';
import { createTreeActivities } from '../../activities/git/tree.activities.js';
import { createTreeSetup } from '../../activities/git/tree-setup.js';
import { createMailActivities } from '../../activities/mail/mail.activities.js';
import { createBrokerFetch } from '../../activities/sandbox/broker.js';
import { createFleetActivities } from '../../activities/store/fleet.activities.js';
import { createEvidenceActivities, createQueueStoreActivities } from '../../activities/store/queue.activities.js';
import { createStoreActivities } from '../../activities/store/store.activities.js';
import { type BlobStore, createBlobStore } from '../../infra/artifacts.js';
import { placesOfWork } from '../../infra/config/layout.js';
import { type Config, environmentFor } from '../../infra/config.js';
import { ProjectForges } from '../../infra/forge/forges.js';
import { LocalForge } from '../../infra/forge/local/local-forge.js';
import { ProjectChecks } from '../../infra/forge/project-checks.js';
import { ProjectTrackers } from '../../infra/forge/trackers.js';
import { createMending, type MendingDeps } from '../../infra/git/mending.js';
import { ProjectRepositories } from '../../infra/git/mirrors.js';
import { createGit, type Git, type Mend } from '../../infra/git/run.js';
import { Trees } from '../../infra/git/trees.js';
import { createLogger } from '../../infra/logging.js';
import type { Pools } from '../../infra/pg/pools.js';
import { type GitHub, openGitHub } from './github.js';
import type { Host } from './host.js';
import { createJanitor, type Janitor } from './janitor.js';
import { openLinear } from './linear.js';
import { ledgerPrices } from './prices.js';

/** The activities of each task queue. All pollers of one queue register the same ones. */
export interface ActivitySets {
  readonly shared: object;
  readonly model: object;
  readonly checks: object;
  readonly host: object;
  readonly janitor: Janitor;
  /** What duties look at repositories with. */
  readonly repositories: Pick<GitDeps, 'mirrors' | 'forge'>;
  /** Ends the sandboxes and waits for trees that are reset in the background. */
  settle(): Promise<void>;
}

/** How often it is looked what the forge's CI says, where no webhook tells. */
const CI_POLL_MS = { normal: 60_000, brisk: 5_000 } as const;

/** Config → ports → activities: the one place where the parts of a worker meet. */
export function composeActivities(config: Config, pools: Pools, host: Host): ActivitySets {
  const { layout, users, limits } = config;
  const blobs = createBlobStore(pools.writes, layout.artifacts);
  const user = users === undefined ? undefined : { uid: users.serviceUid, gid: users.serviceUid };
  const gitOptions = { environment: environmentFor('tool'), ...(user === undefined ? {} : { treeOwner: user }) };
  const remote: MendingDeps['remote'] = (projectId) => forge.remote(projectId);
  const git = createGit({ ...gitOptions, mend: mendingOf(config, createGit(gitOptions), remote) });
  const mirrors = new ProjectRepositories(git, layout.mirrors);
  const local = new LocalForge({ pools, repositories: new ProjectRepositories(git, layout.forge) });
  const github = openGitHub(config, pools);
  const linear = openLinear(config, pools);
  const forge = new ProjectForges(pools.writes, { local, ...(github ? { github: github.forge } : {}) });
  const trees = new Trees({ git, root: layout.trees });
  const trackers = new ProjectTrackers(pools.writes, {
    ...(github ? { github: github.issues } : {}),
    ...(linear ? { linear } : {}),
  });
  const gitDeps = { pools, forge, mirrors };
  const brokerFetch = createBrokerFetch();
  const prices = ledgerPrices(config.host.prices);
  const runLimits = { turns: limits.runTurns, tokens: limits.runTokens, costMicroUsd: limits.runMicroUsd };
  const whyNoSandbox = host.whyNoSandbox === undefined ? {} : { whyNoSandbox: host.whyNoSandbox };

  const planDeps = {
    trees: createCheckTrees({ mirrors, forge, trees }),
    projects: createCheckProjects(pools.writes),
    toolchain: new ToolchainProbe({ sandbox: host.sandbox, path: host.sandbox.path, emptyTree: host.emptyTree }),
  };
  const news = new ListeningNews({ databaseUrl: config.databaseUrl ?? '', applicationName: 'millwright-ci' });
  const ci = {
    pools,
    checks: new ProjectChecks(forge, github?.checks),
    forge,
    mirrors,
    blobs,
    news,
    pollMs: CI_POLL_MS[config.tuning],
    timeoutMs: limits.ciSeconds * 1000,
  };
  const beside = new BesideSlots();
  const checkResults = join(layout.home, 'check-results');
  const layers = new SetupLayers({ sandbox: host.sandbox, directory: layout.layers, user, limits: host.limits });
  const checks = createCheckActivities({
    ...planDeps,
    ...whyNoSandbox,
    sandbox: host.sandbox,
    limits: host.limits,
    blobs,
    layers,
    results: new FileCheckResults(checkResults),
    ci,
    beside: beside.carry,
  });
  const cleaners = [
    ...createHostCleaners({ sandbox: join(layout.home, 'sandbox'), layers: layout.layers, checkResults }),
    ...createRetentionCleaners({ ...layout, db: pools.writes, trees: trees.store }),
  ];
  const engine = createEngineActivities();
  const seal = createSealActivities({ pools, blobs, keepCheckpoint: createKeepCheckpoint({ trees, mirrors }) });
  const setup = createTreeSetup({ ...planDeps, layers });
  const { sandbox, files } = host;
  const treeDeps = { ...gitDeps, trees, setup, engine, sandbox, cleaners };
  const refreshSetup = createRefreshSetup(treeDeps);

  return {
    shared: {
      ...createStoreActivities({
        pools,
        blobs,
        runDeadlineMs: limits.runSeconds * 1000,
        modelOf: ({ model, role }) => model ?? config.models.roles[role].model,
        composePrompt: createPromptComposer({ db: pools.writes, blobs }),
      }),
      ...createQueueStoreActivities({ pools }),
      ...createEvidenceActivities({ pools }),
      ...createFleetActivities({ pools }),
      ...createMailActivities({ pools }),
      ...engine,
      ...createStoreToolActivities({ pools, blobs }),
      // Also here: a turn whose host is lost is sealed without its files.
      ...seal,
      ...createRepositoryActivities({
        ...gitDeps,
        forgeChecks: ci.checks,
        dataDirectory: layout.home,
        tuning: config.tuning,
      }),
      ...createForgeActivities(gitDeps),
      ...createForgeWatchActivities({
        ...gitDeps,
        issues: issuesOf(config, trackers),
        ...(github ? { redeliverFailed: github.redeliverFailed, gates: gatesOf(github, blobs) } : {}),
      }),
      ...createMergeActivities({
        ...gitDeps,
        planChecks: checks.planChecks,
        voidTurnedRed: (at, signal) => voidTurnedRed(ci, at, signal),
      }),
      ...createHostClaimActivities({
        pools,
        hostId: host.hostId,
        hostQueue: host.queue,
        directories: placesOfWork(layout),
      }),
      planChecks: checks.planChecks,
    },
    model: createModelActivities({
      pools,
      blobs,
      model: createAnthropicModel({ fetch: brokerFetch }),
      prices,
      defaultModel: config.models.roles.worker.model,
      runLimits,
    }),
    checks: { runCheck: checks.runCheck },
    host: {
      ...createTreeActivities(treeDeps),
      ...seal,
      ...createHostToolActivities({
        ...whyNoSandbox,
        trees,
        pools,
        blobs,
        sandbox,
        files,
        limits: host.limits,
        refreshSetup,
        lookAtWork: createLookAtWork({ trees, mirrors, pools }),
      }),
      ...createCommandAgentActivities({
        refreshSetup,
        ...whyNoSandbox,
        trees,
        pools,
        blobs,
        user,
        sandbox,
        limits: host.limits,
        directory: join(layout.home, 'sandbox'),
        models: { pools, fetch: brokerFetch, prices, runLimits },
      }),
    },
    janitor: createJanitor(treeDeps),
    repositories: { mirrors, forge },
    settle: async () => {
      await sandbox.close();
      await trees.settle();
      await beside.close();
      await news.close();
      await github?.close();
    },
  };
}

const gatesOf = ({ gates, issues }: GitHub, logs: BlobStore): GateDeps => ({
  reports: gates,
  controls: createWorkflowControls(),
  readActor: (projectId, login, signal) => issues.readActor(projectId, { id: login, name: login }, signal),
  logs,
});

const issuesOf = ({ tuning, limits, api }: Config, trackers: ProjectTrackers): IssueDeps => ({
  trackersOf: (projectId) => trackers.of(projectId),
  controls: createWorkflowControls(),
  tuning,
  epicMicroUsd: limits.epicMicroUsd,
  ...(api.publicUrl === undefined ? {} : { epicUrl: (epicId: string) => `${api.publicUrl}/api/v1/epics/${epicId}` }),
});

/** By a git of its own, which does not ask to be mended in turn. */
function mendingOf({ layout, logLevel }: Config, git: Git, remote: MendingDeps['remote']): Mend {
  const log = createLogger({ name: 'git', level: logLevel });
  const mirrors = new ProjectRepositories(git, layout.mirrors);
  const forge = new ProjectRepositories(git, layout.forge);
  return createMending({ mirrors, forge, remote, warn: (facts, words) => log.warn(facts, words) });
}
