import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { ensureBareRepository, fetchAllBranches, openRepository } from './mirror.js';
import { hasCommit } from './objects.js';
import type { GitRemote, Repository } from './repository.js';
import type { Git } from './run.js';
import { isMissing } from './tree-record.js';

const PROJECT_ID = /^[0-9a-z][0-9a-z-]{0,79}$/;

/** Bare repositories of the projects, one directory each: mirrors, or those of the local forge. */
export class ProjectRepositories {
  constructor(
    private readonly git: Git,
    private readonly directory: string,
  ) {}

  /** @throws InvalidInput for an id that is no plain name */
  path(projectId: string): string {
    if (!PROJECT_ID.test(projectId)) throw new Failure('InvalidInput', 'a project id is lower-case hex and dashes');
    return join(this.directory, `${projectId}.git`);
  }

  /** Made when it is not there yet. */
  ensure(projectId: string, signal?: AbortSignal): Promise<Repository> {
    return ensureBareRepository(this.git, this.path(projectId), signal);
  }

  /** @throws NotFound when it is not there */
  open(projectId: string): Promise<Repository> {
    return openRepository(this.git, this.path(projectId));
  }

  async list(): Promise<readonly Repository[]> {
    const names = await readdir(this.directory).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    const dirs = names.filter((name) => name.endsWith('.git')).sort();
    return dirs.map((name) => ({ git: this.git, dir: join(this.directory, name) }));
  }
}

/** Brings commits into the mirror that another host pushed. @throws NotFound when the forge lacks one as well */
export async function requireCommits(
  mirror: Repository,
  remote: GitRemote,
  shas: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const missing = async (): Promise<readonly string[]> => {
    const here = await Promise.all(shas.map((sha) => hasCommit(mirror, sha, signal)));
    return shas.filter((_, at) => !here[at]);
  };
  if ((await missing()).length === 0) return;
  await fetchAllBranches(mirror, remote, signal);
  const [still] = await missing();
  if (still !== undefined)
    throw new Failure('NotFound', `commit ${still} is on no branch of the forge`, { reason: 'OBJECT' });
}
