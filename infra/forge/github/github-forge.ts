import { Failure } from '../../../domain/failures.js';
import { faultPoint } from '../../fault-point.js';
import { BranchNames, branchThere } from '../../git/branch-names.js';
import type { GitRemote } from '../../git/repository.js';
import { keepOwnComment } from '../own-comment.js';
import type { Forge, History, MergeOutcome, OpenPullRequest, PullRequest, PullRequestFilter } from '../port.js';
import { lookForBase, lookForBaseOf } from './base-branch.js';
import { endAwaitOfBase, findOpenRow } from './base-branch.repository.js';
import { commentPlace } from './comments.js';
import { findRepository } from './find-repository.js';
import { type GitHubDeps, openProject, type ProjectClient, withSignal } from './project-client.js';
import { findProjectOnGitHub, saveProjectOnGitHub } from './project-repository.repository.js';
import { markerOf, toPullRequest } from './pull-request.js';
import { findOpened, saveOpened, saveSeen } from './pull-request-row.repository.js';

const PULLS = { pull_requests: 'write', contents: 'read' } as const;

const LANDED_LABEL = 'millwright:landed';
/** Twenty attempts so far apart outlast the minute that GitHub has to show a landing. */
const MARK_AGAIN_MS = 5_000;

/** Often enough for a list that lags some seconds, in less than twenty attempts. */
const SAY_AGAIN_MS = 3_000;
const LATE = { reason: 'LIST_LAGS' } as const;

/** How GitHub refuses a pull request for what it will know in a moment. */
const LAGS = /already exists|"field":"head","code":"invalid"|head sha can't be blank/i;

interface LastWord {
  readonly projectId: string;
  readonly number: number;
  readonly marker: string;
  readonly text: string;
}

const landedText = (sha: string): string => `Landed as ${sha}. GitHub did not mark this as merged by itself.`;

/** GitHub, or an Enterprise server. Every write looks first for what a lost answer left. */
export class GitHubForge implements Forge {
  constructor(private readonly deps: GitHubDeps) {}

  /** Follows a rename or a transfer of the repository, and keeps what it is called now. */
  async prepare(projectId: string, signal?: AbortSignal): Promise<History> {
    const { pools, access } = this.deps;
    const known = await findProjectOnGitHub(pools.writes, projectId);
    const client = await access.client(known, { permissions: { metadata: 'read' }, priority: 'state' });
    const data = await findRepository(client, known, signal);
    if (data.archived) throw new Failure('InvalidState', 'the repository is archived', { reason: 'ARCHIVED' });
    const installationId = await access.installation(known);
    await saveProjectOnGitHub(pools.writes, projectId, { name: data.full_name, repositoryId: data.id, installationId });
    return { kind: 'own', defaultBranch: data.default_branch };
  }

  async remote(projectId: string): Promise<GitRemote> {
    const name = await findProjectOnGitHub(this.deps.pools.writes, projectId);
    const url = `${this.deps.access.webUrl}/${name.owner}/${name.repo}.git`;
    const transport = url.startsWith('https:') ? 'https' : 'http';
    return {
      url,
      transport,
      names: new BranchNames(name.renamed, (branch, signal) => lookForBase(this.deps, projectId, branch, signal)),
      credential: (access, isRefused) => this.deps.access.gitCredential(name, access, isRefused),
    };
  }

  async openPullRequest(input: OpenPullRequest, signal?: AbortSignal): Promise<PullRequest> {
    const at = await this.open(input.projectId);
    await faultPoint('pull-request.before-call');
    const pr = (await this.adopt(at, input, signal)) ?? (await this.create(at, input, signal));
    await faultPoint('pull-request.after-call-before-record');
    await saveOpened(this.deps.pools.writes, input, pr);
    return pr;
  }

  /** One that GitHub closed because its base went waits for it. @throws InvalidState (`BASE_GONE`) meanwhile */
  async readPullRequest(projectId: string, number: number, signal?: AbortSignal): Promise<PullRequest> {
    const pr = await this.read(projectId, number, signal);
    const kept = pr.state === 'closed' ? await this.withBase(projectId, pr, signal) : pr;
    await saveSeen(this.deps.pools.writes, projectId, kept);
    return kept;
  }

  private async read(projectId: string, number: number, signal?: AbortSignal): Promise<PullRequest> {
    const { name, client, renamed } = await this.open(projectId);
    const { data } = await client.rest.pulls.get({ ...name, pull_number: number, ...withSignal(signal) });
    const pr = toPullRequest(data, renamed);
    const newer = pr.state === 'open' ? await lookForBaseOf(this.deps, projectId, pr.baseRef, signal) : undefined;
    return newer === undefined ? pr : toPullRequest(data, newer);
  }

  /** GitHub closes what was to land on a branch that goes. That was nobody's decision: it is opened again. */
  private async withBase(projectId: string, pr: PullRequest, signal?: AbortSignal): Promise<PullRequest> {
    const { writes } = this.deps.pools;
    if ((await findOpenRow(writes, projectId, pr.number)) === undefined) return pr;
    await lookForBase(this.deps, projectId, pr.baseRef, signal);
    if (!(await findOpenRow(writes, projectId, pr.number))?.awaitsBase) return pr;
    const { name, client, renamed } = await this.open(projectId, 'state');
    const change = { ...name, pull_number: pr.number, state: 'open' as const, ...withSignal(signal) };
    const opened = await client.rest.pulls.update(change).catch((error: unknown) => {
      // Its own branch went as well, or a new one is open: then it stays closed.
      if (error instanceof Failure && error.type === 'InvalidInput') return undefined;
      throw error;
    });
    await endAwaitOfBase(writes, projectId, pr.number);
    return opened === undefined ? pr : toPullRequest(opened.data, renamed);
  }

  async listPullRequests(
    projectId: string,
    { state, headRef, baseRef }: PullRequestFilter,
    signal?: AbortSignal,
  ): Promise<readonly PullRequest[]> {
    const { name, client, renamed } = await this.open(projectId);
    const listed = await client.paginate(client.rest.pulls.list, {
      ...name,
      state: state === undefined ? 'all' : state === 'open' ? 'open' : 'closed',
      ...(headRef === undefined ? {} : { head: `${name.owner}:${headRef}` }),
      ...(baseRef === undefined ? {} : { base: branchThere(renamed, baseRef) }),
      sort: 'created',
      direction: 'asc',
      per_page: 100,
      ...withSignal(signal),
    });
    // Pages shift while they are read: what came twice is one.
    const byNumber = new Map(listed.map((pr) => [pr.number, toPullRequest(pr, renamed)]));
    return [...byNumber.values()].filter((pr) => state === undefined || pr.state === state);
  }

  async closePullRequest(projectId: string, number: number, reason: string, signal?: AbortSignal): Promise<void> {
    const pr = await this.read(projectId, number, signal);
    if (pr.state !== 'open') return await saveSeen(this.deps.pools.writes, projectId, pr);
    await this.closeSaying({ projectId, number, marker: 'millwright:closed', text: `Closed: ${reason}` }, signal);
  }

  /** The comment first: what is closed is looked at no more. */
  private async closeSaying({ projectId, number, marker, text }: LastWord, signal?: AbortSignal): Promise<void> {
    const { name, client, renamed } = await this.open(projectId, 'state');
    const login = await this.deps.access.login(name);
    const place = commentPlace({ name, client }, { login, number, marker }, signal);
    const row = { projectId, key: String(number), marker };
    if ((await keepOwnComment(this.deps.pools.writes, row, { text, atMostEveryMs: 0 }, place)) === 'later')
      throw new Failure('Unavailable', 'nobody knows yet whether our comment is there', LATE, {
        retryAfterMs: SAY_AGAIN_MS,
      });
    const { data } = await client.rest.pulls.update({
      ...name,
      pull_number: number,
      state: 'closed',
      ...withSignal(signal),
    });
    await saveSeen(this.deps.pools.writes, projectId, toPullRequest(data, renamed));
  }

  async mergePullRequest(
    projectId: string,
    number: number,
    { headSha, message }: { readonly headSha: string; readonly message: string },
    signal?: AbortSignal,
  ): Promise<MergeOutcome> {
    const needs = { permissions: { contents: 'write', pull_requests: 'write' }, priority: 'landing' } as const;
    const { name, client } = await openProject(this.deps, projectId, needs);
    const [title = '', ...body] = message.split('\n');
    try {
      const { data } = await client.rest.pulls.merge({
        ...name,
        pull_number: number,
        sha: headSha,
        merge_method: 'merge',
        commit_title: title,
        commit_message: body.join('\n').trim(),
        ...withSignal(signal),
      });
      return { kind: 'merged', commit: data.sha };
    } catch (error) {
      if (!(error instanceof Failure) || error.type !== 'Conflict') throw error;
      return error.details.reason === 'MOVED' ? { kind: 'headMoved' } : { kind: 'refused', message: error.message };
    }
  }

  /**
   * GitHub marks a pull request merged by itself once its head is reachable from the base: this looks until it has.
   * @throws Unavailable while it has not
   */
  async markMerged(projectId: string, number: number, mergeCommitSha: string, signal?: AbortSignal): Promise<void> {
    const pr = await this.readPullRequest(projectId, number, signal);
    if (pr.state === 'merged') return await faultPoint('merge.after-record-before-ack');
    if (pr.state === 'closed')
      throw new Failure('Conflict', `pull request #${number} is closed already`, { state: pr.state, mergeCommitSha });
    throw new Failure(
      'Unavailable',
      `GitHub does not show pull request #${number} as merged yet`,
      { reason: 'NOT_MARKED' },
      { retryAfterMs: MARK_AGAIN_MS },
    );
  }

  async closeLanded(projectId: string, number: number, mergeCommitSha: string, signal?: AbortSignal): Promise<void> {
    const pr = await this.readPullRequest(projectId, number, signal);
    if (pr.state !== 'open') return;
    const { name, client } = await this.open(projectId, 'state');
    if (!pr.labels.includes(LANDED_LABEL))
      await client.rest.issues.addLabels({
        ...name,
        issue_number: number,
        labels: [LANDED_LABEL],
        ...withSignal(signal),
      });
    await this.closeSaying(
      { projectId, number, marker: 'millwright:landed', text: landedText(mergeCommitSha) },
      signal,
    );
  }

  private open(projectId: string, priority: 'landing' | 'state' = 'landing'): Promise<ProjectClient> {
    return openProject(this.deps, projectId, { permissions: PULLS, priority });
  }

  /** The one that is there for these branches: ours by its marker, open, or landed already from this head. */
  private async adopt(
    { client, name, renamed }: ProjectClient,
    input: OpenPullRequest,
    signal?: AbortSignal,
  ): Promise<PullRequest | undefined> {
    const { headRef, baseRef } = input;
    const listed = await this.listPullRequests(input.projectId, { headRef, baseRef }, signal);
    const known = [...listed, ...(await this.unlisted(input, listed, signal))];
    const open = known.find(({ state }) => state === 'open');
    if (open === undefined) {
      return known.find(
        ({ state, marker, headSha }) => state === 'merged' && marker === input.marker && headSha === input.headSha,
      );
    }
    if (open.marker !== input.marker)
      throw new Failure('Conflict', `pull request #${open.number} of somebody else is open for these branches`);
    if (open.title === input.title && open.body === input.body) return open;
    const { title, body } = input;
    const { data } = await client.rest.pulls.update({
      ...name,
      pull_number: open.number,
      title,
      body,
      ...withSignal(signal),
    });
    return toPullRequest(data, renamed);
  }

  /** A list shows what is new a moment late; one that we opened ourselves is read by its number. */
  private async unlisted(
    input: OpenPullRequest,
    listed: readonly PullRequest[],
    signal?: AbortSignal,
  ): Promise<readonly PullRequest[]> {
    const number = await findOpened(this.deps.pools.writes, input);
    if (number === undefined || listed.some((pr) => pr.number === number)) return [];
    return [await this.readPullRequest(input.projectId, number, signal)];
  }

  private async create(
    { client, name, renamed }: ProjectClient,
    input: OpenPullRequest,
    signal?: AbortSignal,
  ): Promise<PullRequest> {
    if (markerOf(input.body) !== input.marker)
      throw new Failure('Internal', 'the body of a pull request must end with its marker');
    const { headRef, baseRef, title, body } = input;
    try {
      const wanted = { title, body, head: headRef, base: branchThere(renamed, baseRef) };
      const { data } = await client.rest.pulls.create({ ...name, ...wanted, ...withSignal(signal) });
      return toPullRequest(data, renamed);
    } catch (error) {
      // There is one that the list does not show yet, which the next attempt adopts; or a branch just pushed is not known.
      if (error instanceof Failure && error.type === 'InvalidInput' && LAGS.test(error.message))
        throw new Failure('Unavailable', error.message, { reason: 'LIST_LAGS' }, { cause: error, retryAfterMs: 2_000 });
      throw error;
    }
  }
}
