import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { BlobStore } from '../../infra/artifacts.js';
import { diffText, listChanges } from '../../infra/git/diff.js';
import { listCommits } from '../../infra/git/log.js';
import type { ProjectRepositories } from '../../infra/git/mirrors.js';
import type { Repository } from '../../infra/git/repository.js';
import type { Caller } from '../auth/caller.js';
import { BLOBS, MIRRORS } from '../dependencies.js';
import { TaskRepository } from './task.repository.js';
import { type LogRow, TaskReadsRepository } from './task-reads.repository.js';
import { type DiffResponse, type LogsResponse, toDiffFile, toLogItem } from './task-reads.response.js';

const TAIL_CHARACTERS = 64 * 1024;
const TAILS_AT_ONCE = 20;

@Injectable()
export class TaskReadsService {
  constructor(
    @Inject(BLOBS) private readonly blobs: BlobStore,
    @Inject(MIRRORS) private readonly mirrors: ProjectRepositories,
    private readonly tasks: TaskRepository,
    private readonly reads: TaskReadsRepository,
  ) {}

  /** What the task changes, read from the mirror; empty before its first commit. */
  async diff(id: string, caller: Caller): Promise<DiffResponse> {
    const { projectId, baseSha, headSha } = await this.tasks.get(id, caller.scope);
    if (baseSha === null || headSha === null) return { baseSha, headSha, files: [], diff: '', truncated: false };
    const repository = await this.mirrors.open(projectId);
    const range = { from: await this.ownBase(repository, baseSha, headSha), to: headSha };
    const [files, { text, truncated }] = await Promise.all([
      listChanges(repository, range),
      diffText(repository, range),
    ]);
    return { baseSha: range.from, headSha, files: files.map(toDiffFile), diff: text, truncated };
  }

  async logs(id: string, caller: Caller): Promise<LogsResponse> {
    await this.tasks.get(id, caller.scope);
    const rows = await this.reads.logs(id);
    // Only the newest logs are read whole; older ones can be asked for by their run.
    const firstRead = rows.length - TAILS_AT_ONCE;
    const texts = await Promise.all(rows.map((row, at) => (at < firstRead ? '' : this.tailOf(row))));
    return { items: rows.map((row, at) => toLogItem(row, texts[at] ?? '')) };
  }

  /** After a rebase the change stands on the tip that was merged last; all else would be the work of others. */
  private async ownBase(repository: Repository, baseSha: string, headSha: string): Promise<string> {
    const own = await listCommits(repository, { tip: headSha, without: baseSha, firstParent: true });
    return own.find(({ parents }) => parents.length > 1)?.parents[1] ?? baseSha;
  }

  private async tailOf({ logRef, text }: LogRow): Promise<string> {
    if (logRef === null) return text ?? '';
    try {
      return (await this.blobs.get(logRef)).slice(-TAIL_CHARACTERS);
    } catch (error) {
      // Logs are swept after their time; the verdict stays.
      if (error instanceof Failure && error.type === 'NotFound') return '';
      throw error;
    }
  }
}
