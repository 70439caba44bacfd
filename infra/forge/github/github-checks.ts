import type { Octokit, RestEndpointMethodTypes } from '@octokit/rest';
import { Failure, type FailureType } from '../../../domain/failures.js';
import type { RequiredContext } from '../../../domain/forge/required-context.js';
import type { ContextRun, ForgeChecks } from '../checks.js';
import { readRunLog } from './check-log.js';
import { type GitHubDeps, openProject, type ProjectClient } from './project-client.js';
import { readRequiredChecks } from './required-checks.js';
import type { Permissions } from './settings.js';

type Run = RestEndpointMethodTypes['checks']['listForRef']['response']['data']['check_runs'][number];
type Status = RestEndpointMethodTypes['repos']['listCommitStatusesForRef']['response']['data'][number];

const ACTIONS = 'github-actions';

/** Check runs, which Apps and Actions write, and commit statuses, which anybody with a token may. */
export class GitHubChecks implements ForgeChecks {
  private readonly appIds = new Map<string, number>();

  constructor(private readonly deps: GitHubDeps) {}

  async required(projectId: string, branch: string, signal?: AbortSignal): Promise<readonly RequiredContext[]> {
    return await readRequiredChecks({ open: (permissions) => this.open(projectId, permissions), branch, signal });
  }

  async read(
    projectId: string,
    sha: string,
    wanted: RequiredContext,
    signal?: AbortSignal,
  ): Promise<ContextRun | undefined> {
    const { name, client } = await this.open(projectId, { checks: 'read', statuses: 'read' });
    const request = { signal };
    const at = { ...name, ref: sha, per_page: 100, request };
    const { context, appId } = wanted;
    const app = appId === undefined ? {} : { app_id: appId };
    const runs = await ifThere(client.paginate(client.rest.checks.listForRef, { ...at, ...app, check_name: context }));
    if (runs === undefined) return undefined;
    // Not every server heeds both filters. A re-run is a new run with a higher number.
    const newest = runs
      .filter((run) => run.name === context && (appId === undefined || run.app?.id === appId))
      .sort((a, b) => b.id - a.id)[0];
    if (newest !== undefined) return toRun(newest);
    // Newest first.
    const statuses = await client.paginate(client.rest.repos.listCommitStatusesForRef, at);
    const status = statuses.find((one) => one.context === context);
    if (status === undefined || !(await this.isBy(client, status, appId))) return undefined;
    return toStatus(status);
  }

  /** A job of Actions by itself. GitHub lets no App ask for the run of another one, so that its first red counts. */
  async runAgain(projectId: string, run: ContextRun, signal?: AbortSignal): Promise<boolean> {
    if (!run.isJob) return false;
    return await granted(async () => {
      const { name, client } = await this.open(projectId, { actions: 'write' });
      await client.rest.actions.reRunJobForWorkflowRun({ ...name, job_id: run.id, request: { signal } });
    });
  }

  async log(projectId: string, run: ContextRun, signal?: AbortSignal): Promise<string> {
    const { name, client: checks } = await this.open(projectId, { checks: 'read' });
    const { client: actions } = await this.open(projectId, { actions: 'read' });
    return await readRunLog({ checks, actions }, name, run, signal);
  }

  private open(projectId: string, permissions: Permissions): Promise<ProjectClient> {
    return openProject(this.deps, projectId, { permissions, priority: 'state' });
  }

  /** A status names no App, only the bot that wrote it, and the bot's login names its App. */
  private async isBy(client: Octokit, { creator }: Status, appId: number | undefined): Promise<boolean> {
    if (appId === undefined) return true;
    const slug = /^(.+)\[bot\]$/.exec(creator?.login ?? '')?.[1];
    if (slug === undefined) return false;
    const id = this.appIds.get(slug) ?? (await client.rest.apps.getBySlug({ app_slug: slug })).data?.id;
    if (id === undefined) return false;
    this.appIds.set(slug, id);
    return id === appId;
  }
}

/** A candidate is unknown to the forge until it is pushed. */
async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Failure && error.type === 'InvalidInput' && /no commit found/i.test(error.message))
      return undefined;
    throw error;
  }
}

/** What the owner does not let us ask for, or is gone, is nobody's fault. */
const REFUSED: readonly FailureType[] = ['PermissionDenied', 'NotFound', 'InvalidInput'];

async function granted(ask: () => Promise<void>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    // It runs already: an earlier attempt has asked.
    if (error instanceof Failure && /already (?:running|queued|in progress)/i.test(error.message)) return true;
    if (error instanceof Failure && REFUSED.includes(error.type)) return false;
    throw error;
  }
}

const toRun = (run: Run): ContextRun => ({
  kind: 'run',
  id: run.id,
  // An App may write the same run anew instead of making another.
  mark: `run/${run.id}/${run.completed_at ?? ''}`,
  conclusion: run.status === 'completed' ? (run.conclusion ?? 'neutral') : null,
  ms: span(run.started_at, run.completed_at),
  isJob: run.app?.slug === ACTIONS,
  url: run.html_url,
  title: run.output.title,
  summary: run.output.summary,
  text: run.output.text,
  annotations: run.output.annotations_count,
});

const toStatus = (status: Status): ContextRun => ({
  kind: 'status',
  id: status.id,
  mark: `status/${status.id}`,
  conclusion: status.state === 'pending' ? null : status.state,
  ms: 0,
  isJob: false,
  url: status.target_url,
  title: status.description,
  summary: null,
  text: null,
  annotations: 0,
});

const span = (from: string | null, to: string | null): number =>
  from === null || to === null ? 0 : Math.max(0, Date.parse(to) - Date.parse(from));
