import { Failure } from '../../domain/failures.js';
import type { GitRemote } from '../git/repository.js';
import type { Queryable } from '../pg/statement.js';
import type { Forge, History, MergeOutcome, OpenPullRequest, PullRequest, PullRequestFilter } from './port.js';

export type ForgeKind = 'local' | 'github';

/** The forge of each project, as its row says; a project never changes its forge. */
export class ProjectForges implements Forge {
  private readonly kinds = new Map<string, ForgeKind>();

  constructor(
    private readonly db: Queryable,
    private readonly forges: Readonly<Partial<Record<ForgeKind, Forge>>>,
  ) {}

  async prepare(projectId: string, signal?: AbortSignal): Promise<History> {
    return await (await this.of(projectId)).prepare(projectId, signal);
  }

  async remote(projectId: string): Promise<GitRemote> {
    return await (await this.of(projectId)).remote(projectId);
  }

  async openPullRequest(input: OpenPullRequest, signal?: AbortSignal): Promise<PullRequest> {
    return await (await this.of(input.projectId)).openPullRequest(input, signal);
  }

  async readPullRequest(projectId: string, number: number, signal?: AbortSignal): Promise<PullRequest> {
    return await (await this.of(projectId)).readPullRequest(projectId, number, signal);
  }

  async listPullRequests(
    projectId: string,
    filter: PullRequestFilter,
    signal?: AbortSignal,
  ): Promise<readonly PullRequest[]> {
    return await (await this.of(projectId)).listPullRequests(projectId, filter, signal);
  }

  async closePullRequest(projectId: string, number: number, reason: string, signal?: AbortSignal): Promise<void> {
    await (await this.of(projectId)).closePullRequest(projectId, number, reason, signal);
  }

  async mergePullRequest(
    projectId: string,
    number: number,
    merge: { readonly headSha: string; readonly message: string },
    signal?: AbortSignal,
  ): Promise<MergeOutcome> {
    return await (await this.of(projectId)).mergePullRequest(projectId, number, merge, signal);
  }

  async markMerged(projectId: string, number: number, mergeCommitSha: string, signal?: AbortSignal): Promise<void> {
    await (await this.of(projectId)).markMerged(projectId, number, mergeCommitSha, signal);
  }

  async closeLanded(projectId: string, number: number, mergeCommitSha: string, signal?: AbortSignal): Promise<void> {
    await (await this.of(projectId)).closeLanded(projectId, number, mergeCommitSha, signal);
  }

  /** @throws NotFound */
  async kindOf(projectId: string): Promise<ForgeKind> {
    return this.kinds.get(projectId) ?? (await this.find(projectId));
  }

  private async of(projectId: string): Promise<Forge> {
    const kind = await this.kindOf(projectId);
    const forge = this.forges[kind];
    if (forge === undefined)
      throw new Failure('InvalidState', 'GitHub is not configured here: see docs/github.md', { reason: 'NO_FORGE' });
    return forge;
  }

  private async find(projectId: string): Promise<ForgeKind> {
    const { rows } = await this.db.query<{ readonly forge: ForgeKind }>({
      name: 'find-forge-of-project',
      text: 'SELECT forge FROM project WHERE id = $1',
      values: [projectId],
    });
    const [row] = rows;
    if (row === undefined) throw new Failure('NotFound', 'there is no such project');
    this.kinds.set(projectId, row.forge);
    return row.forge;
  }
}
