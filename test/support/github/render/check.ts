import { readCommit } from '../git/read.js';
import type { CheckRun, CheckSuite, CommitStatus } from '../state/checks.js';
import type { Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import type { World } from '../world.js';
import { type Json, renderAppOf, renderUser } from './account.js';
import { renderSimpleCommit } from './commit.js';
import { nodeIdOf } from './node-id.js';
import { renderMinimalRepository, repositoryUrl } from './repository.js';

/** Status and conclusion of a suite, from its runs: the worst of them. */
export function stateOfSuite(runs: readonly CheckRun[]): {
  readonly status: string;
  readonly conclusion: string | null;
} {
  if (runs.length === 0) return { status: 'queued', conclusion: null };
  if (runs.some((one) => one.status !== 'completed')) {
    return { status: runs.every((one) => one.status === 'queued') ? 'queued' : 'in_progress', conclusion: null };
  }
  const order = ['failure', 'timed_out', 'cancelled', 'action_required', 'stale'] as const;
  const worst = order.find((conclusion) => runs.some((one) => one.conclusion === conclusion));
  return { status: 'completed', conclusion: worst ?? 'success' };
}

/** The newest run of each name: a re-run makes a new one, and the older no longer counts. */
export const latestRuns = (runs: readonly CheckRun[]): readonly CheckRun[] =>
  runs.filter(
    (run) => !runs.some((other) => other.name === run.name && other.suiteId === run.suiteId && other.id > run.id),
  );

const pullsOf = (world: World, repository: Repository, branch: string | null): readonly Json[] => {
  const repo = { id: repository.id, url: repositoryUrl(world, repository), name: repository.name };
  return world.state
    .pullRequests(repository.id)
    .filter((one) => one.state === 'open' && one.pull.headRef === branch)
    .map((one) => ({
      id: one.id,
      number: one.number,
      url: `${repositoryUrl(world, repository)}/pulls/${one.number}`,
      head: { ref: one.pull.headRef, sha: one.pull.headSha, repo },
      base: { ref: one.pull.baseRef, sha: one.pull.baseSha, repo },
    }));
};

const suiteFields = (world: World, repository: Repository, suite: CheckSuite): Json => ({
  id: suite.id,
  node_id: nodeIdOf('CS', suite.id),
  head_branch: suite.headBranch,
  head_sha: suite.headSha,
  ...stateOfSuite(latestRuns(world.state.runsOfSuite(suite.id))),
  url: `${repositoryUrl(world, repository)}/check-suites/${suite.id}`,
  before: suite.before,
  after: suite.headSha,
  pull_requests: pullsOf(world, repository, suite.headBranch),
  app: renderAppOf(world, suite.appSlug),
  created_at: suite.createdAt,
  updated_at: suite.updatedAt,
});

/** As the event shows it. */
export const renderSuite = async (world: World, repository: Repository, suite: CheckSuite): Promise<Json> => ({
  ...suiteFields(world, repository, suite),
  latest_check_runs_count: latestRuns(world.state.runsOfSuite(suite.id)).length,
  check_runs_url: `${repositoryUrl(world, repository)}/check-suites/${suite.id}/check-runs`,
  head_commit: renderSimpleCommit(await readCommit(repository.directory, suite.headSha)),
});

export const renderListedSuite = async (world: World, repository: Repository, suite: CheckSuite): Promise<Json> => ({
  ...(await renderSuite(world, repository, suite)),
  repository: renderMinimalRepository(world, repository),
});

function runFields(world: World, repository: Repository, run: CheckRun): Json {
  const url = `${repositoryUrl(world, repository)}/check-runs/${run.id}`;
  const html = `${world.urls.web}/${fullNameOf(repository)}/runs/${run.id}`;
  return {
    id: run.id,
    node_id: nodeIdOf('CR', run.id),
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: html,
    details_url: run.detailsUrl ?? html,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    name: run.name,
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
  };
}

const suiteOf = (world: World, run: CheckRun): CheckSuite => {
  const suite = world.state.suites.find((one) => one.id === run.suiteId);
  if (suite === undefined) throw new Error(`No suite of check run ${run.id}`);
  return suite;
};

export const renderRun = (world: World, repository: Repository, run: CheckRun): Json => {
  const suite = suiteOf(world, run);
  return {
    ...runFields(world, repository, run),
    check_suite: { id: suite.id },
    app: renderAppOf(world, suite.appSlug),
    pull_requests: pullsOf(world, repository, suite.headBranch),
  };
};

/** As the event shows it: with more of its suite. */
export const renderRunEvent = (world: World, repository: Repository, run: CheckRun): Json => ({
  ...renderRun(world, repository, run),
  check_suite: suiteFields(world, repository, suiteOf(world, run)),
});

export const renderStatus = (world: World, repository: Repository, status: CommitStatus): Json => ({
  id: status.id,
  node_id: nodeIdOf('SC', status.id),
  url: `${repositoryUrl(world, repository)}/statuses/${status.sha}`,
  avatar_url: null,
  state: status.state,
  description: status.description,
  target_url: status.targetUrl,
  context: status.context,
  created_at: status.createdAt,
  updated_at: status.createdAt,
  creator: renderUser(world, status.login),
});
