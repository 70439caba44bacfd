import { createHash } from 'node:crypto';
import { readFileAt } from '../../infra/git/blobs.js';
import { requireCommits } from '../../infra/git/mirrors.js';
import { listTree } from '../../infra/git/objects.js';
import type { Repository } from '../../infra/git/repository.js';
import type { CheckTrees } from '../checks/ports.js';
import type { TreeDeps } from './ports.js';

const CONFIG_BYTES = 2 ** 20;

/** Git as the checks need it. A check's tree comes from the same pool as the agents' and is reset before each use. */
export function createCheckTrees({ mirrors, forge, trees }: Pick<TreeDeps, 'mirrors' | 'forge' | 'trees'>): CheckTrees {
  const withCommit = async (projectId: string, commit: string, signal?: AbortSignal): Promise<Repository> => {
    const repository = await mirrors.ensure(projectId, signal);
    await requireCommits(repository, await forge.remote(projectId), [commit], signal);
    return repository;
  };
  return {
    listFiles: async (projectId, commit, signal) =>
      listTree(await withCommit(projectId, commit, signal), commit, signal),

    readFile: async (projectId, commit, path, signal) => {
      const repository = await withCommit(projectId, commit, signal);
      return (await readFileAt(repository, { at: commit, path, maxBytes: CONFIG_BYTES, signal }))?.toString('utf8');
    },

    acquire: async ({ projectId, commit, ownerId, signal }) => {
      const repository = await withCommit(projectId, commit, signal);
      const treeId = `check-${createHash('sha256').update(ownerId).digest('hex').slice(0, 32)}`;
      const owner = { repository, treeId, projectId, ownerId: `check/${ownerId}`, signal };
      const { tree } = await trees.acquire({ ...owner, mode: 'write', baseSha: commit, checkOut: commit });
      return { path: tree.source, release: () => trees.release(treeId, owner) };
    },
  };
}
