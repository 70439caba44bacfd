import { Failure } from '../../../domain/failures.js';
import { faultPoint } from '../../fault-point.js';
import type { ProjectRepositories } from '../../git/mirrors.js';
import { readRef } from '../../git/objects.js';
import { branchRef } from '../../git/refs.js';
import { lockInTransaction } from '../../pg/locks.js';
import type { Pools } from '../../pg/pools.js';
import type { Tx } from '../../pg/statement.js';
import { withTransaction } from '../../pg/transaction.js';
import type { Forge, History, MergeOutcome, OpenPullRequest, PullRequest } from '../port.js';
import {
  endPullRequest,
  findPullRequest,
  insertPullRequest,
  listOfBranches,
  listPullRequests,
  type PullRequestRow,
  updateOpen,
} from './pull-request.repository.js';

export interface LocalForgeDeps {
  readonly pools: Pools;
  /** Bare repositories of our own in the data directory. */
  readonly repositories: ProjectRepositories;
}

/** A forge without a server: a bare repository for branches, PostgreSQL for pull requests. */
export class LocalForge implements Forge {
  constructor(private readonly deps: LocalForgeDeps) {}

  async prepare(projectId: string, signal?: AbortSignal): Promise<History> {
    await this.deps.repositories.ensure(projectId, signal);
    return { kind: 'import' };
  }

  async remote(projectId: string): Promise<{ readonly url: string; readonly transport: 'file' }> {
    const { dir } = await this.deps.repositories.open(projectId);
    return { url: dir, transport: 'file' };
  }

  async openPullRequest(input: OpenPullRequest, signal?: AbortSignal): Promise<PullRequest> {
    await faultPoint('pull-request.before-call');
    const repository = await this.deps.repositories.open(input.projectId);
    const head = await readRef(repository, branchRef(input.headRef), signal);
    const row = await withTransaction(this.deps.pools.writes, async (tx) => {
      await lockInTransaction(tx, `pull-request/${input.projectId}`);
      return await openOrAdopt(tx, input, head !== undefined);
    });
    await faultPoint('pull-request.after-call-before-record');
    return await this.withHead(input.projectId, row, signal);
  }

  async readPullRequest(projectId: string, number: number, signal?: AbortSignal): Promise<PullRequest> {
    return await this.withHead(projectId, await this.require(projectId, number), signal);
  }

  async listPullRequests(
    projectId: string,
    filter: Parameters<Forge['listPullRequests']>[1],
    signal?: AbortSignal,
  ): Promise<readonly PullRequest[]> {
    await this.deps.repositories.open(projectId);
    const rows = await listPullRequests(this.deps.pools.writes, projectId, filter);
    return await Promise.all(rows.map((row) => this.withHead(projectId, row, signal)));
  }

  async closePullRequest(projectId: string, number: number, reason: string, signal?: AbortSignal): Promise<void> {
    const { state, headSha } = await this.readPullRequest(projectId, number, signal);
    if (state !== 'open') return;
    const note = `\n\n---\nClosed: ${reason}`;
    await endPullRequest(this.deps.pools.writes, { projectId, number, state: 'closed', headSha, note });
  }

  async mergePullRequest(projectId: string, number: number): Promise<MergeOutcome> {
    await this.require(projectId, number);
    return { kind: 'refused', message: 'the local forge has no merge of its own: take `merge.via: api` away' };
  }

  async markMerged(projectId: string, number: number, mergeCommitSha: string, signal?: AbortSignal): Promise<void> {
    const { headSha } = await this.readPullRequest(projectId, number, signal);
    const merged = { projectId, number, state: 'merged', headSha, mergeCommitSha } as const;
    if (await endPullRequest(this.deps.pools.writes, merged)) return await faultPoint('merge.after-record-before-ack');
    const now = await this.require(projectId, number);
    if (now.state === 'merged' && now.mergeCommitSha === mergeCommitSha) return;
    throw new Failure('Conflict', `pull request #${number} is ${now.state} already`, {
      state: now.state,
      mergeCommitSha: now.mergeCommitSha ?? '',
    });
  }

  /** Never late: the row is the mark. */
  async closeLanded(projectId: string, number: number, mergeCommitSha: string, signal?: AbortSignal): Promise<void> {
    await this.markMerged(projectId, number, mergeCommitSha, signal);
  }

  private async require(projectId: string, number: number): Promise<PullRequestRow> {
    const row = await findPullRequest(this.deps.pools.writes, projectId, number);
    if (row === undefined) throw new Failure('NotFound', `there is no pull request #${number}`);
    return row;
  }

  /** The row knows the head of the last opening; an open one follows its branch. */
  private async withHead(projectId: string, row: PullRequestRow, signal?: AbortSignal): Promise<PullRequest> {
    const repository = await this.deps.repositories.open(projectId);
    const now = await readRef(repository, branchRef(row.headRef), signal);
    const headSha = row.state === 'open' && now !== undefined ? now : row.headSha;
    return { ...row, headSha, isHeadGone: now === undefined };
  }
}

async function openOrAdopt(tx: Tx, input: OpenPullRequest, isHeadThere: boolean): Promise<PullRequestRow> {
  const known = await listOfBranches(tx, input);
  const open = known.find(({ state }) => state === 'open');
  if (open !== undefined && open.marker !== input.marker)
    throw new Failure('Conflict', `pull request #${open.number} of somebody else is open for these branches`);
  // Landed and lost the answer: the same head again is the same pull request.
  const landed = known.find(
    ({ state, marker, headSha }) => state === 'merged' && marker === input.marker && headSha === input.headSha,
  );
  if (open === undefined && landed !== undefined) return landed;
  if (open === undefined && !isHeadThere)
    throw new Failure('InvalidInput', `there is no branch ${input.headRef} to open a pull request of`);
  const row =
    open === undefined ? await insertPullRequest(tx, input) : await updateOpen(tx, { ...input, number: open.number });
  if (row === undefined) throw new Failure('Conflict', 'the pull request ended while it was opened');
  return row;
}
