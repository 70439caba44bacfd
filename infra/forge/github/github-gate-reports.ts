import type { Octokit } from '@octokit/rest';
import type { GateConclusion, GateReport, GateReports } from '../gate-reports.js';
import { type GitHubDeps, openProject } from './project-client.js';
import { findProjectOnGitHub } from './project-repository.repository.js';
import type { Permissions, RepositoryName } from './settings.js';

/** GitHub's own limits. */
const MOST_SUMMARY = 65_535;
const MOST_DESCRIPTION = 140;

const STATES: Readonly<Record<GateConclusion, 'success' | 'failure'>> = {
  success: 'success',
  failure: 'failure',
  neutral: 'success',
};

/** Check runs, which GitHub takes from Apps alone; with a person's token commit statuses of the same names. */
export class GitHubGateReports implements GateReports {
  constructor(private readonly deps: GitHubDeps) {}

  async show(projectId: string, report: GateReport, signal?: AbortSignal): Promise<void> {
    const { pools, access } = this.deps;
    const repository = await findProjectOnGitHub(pools.writes, projectId);
    const isApp = (await access.installation(repository)) !== null;
    const permissions: Permissions = isApp ? { checks: 'write' } : { statuses: 'write' };
    const { name, client } = await openProject(this.deps, projectId, { permissions, priority: 'report' });
    await (isApp ? showRun : showStatus)(client, name, report, signal);
  }
}

async function showRun(
  client: Octokit,
  name: RepositoryName,
  { name: check, headSha, externalId, conclusion, title, summary }: GateReport,
  signal: AbortSignal | undefined,
): Promise<void> {
  const request = { signal };
  const listed = await client.paginate(client.rest.checks.listForRef, {
    ...name,
    ref: headSha,
    check_name: check,
    filter: 'all',
    per_page: 100,
    request,
  });
  const known = listed.find((run) => run.external_id === externalId && run.name === check);
  const said = {
    ...name,
    ...(conclusion === null ? ({ status: 'in_progress' } as const) : ({ status: 'completed', conclusion } as const)),
    output: { title, summary: summary.slice(0, MOST_SUMMARY) },
    request,
  };
  if (known === undefined)
    await client.rest.checks.create({ ...said, name: check, head_sha: headSha, external_id: externalId });
  else await client.rest.checks.update({ ...said, check_run_id: known.id });
}

async function showStatus(
  client: Octokit,
  name: RepositoryName,
  { name: context, headSha: sha, conclusion, title }: GateReport,
  signal: AbortSignal | undefined,
): Promise<void> {
  const request = { signal };
  const state = conclusion === null ? 'pending' : STATES[conclusion];
  const description = title.slice(0, MOST_DESCRIPTION);
  const listed = await client.paginate(client.rest.repos.listCommitStatusesForRef, {
    ...name,
    ref: sha,
    per_page: 100,
    request,
  });
  // Newest first. Statuses are never edited, and of one context and commit GitHub takes a thousand.
  const newest = listed.find((status) => status.context === context);
  if (newest?.state === state && newest.description === description) return;
  await client.rest.repos.createCommitStatus({ ...name, sha, context, state, description, request });
}
