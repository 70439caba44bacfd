import { pushOwnRef } from '../../infra/git/push.js';
import { listRemoteRefs } from '../../infra/git/remote-refs.js';
import type { GitRemote, Repository } from '../../infra/git/repository.js';
import { CANDIDATES } from '../checks/forge/candidate-ref.js';
import { listNeededRefs } from '../checks/forge/forge-check.repository.js';
import type { GitDeps } from './ports.js';

interface Cleaning {
  readonly projectId: string;
  readonly mirror: Repository;
  readonly remote: GitRemote;
  readonly signal: AbortSignal;
}

/** Candidates that builds left at the forge when they were ended or died. Answers how many were removed. */
export async function cleanCandidates(
  { pools }: Pick<GitDeps, 'pools'>,
  { projectId, mirror, remote, signal }: Cleaning,
): Promise<number> {
  const refs = await listRemoteRefs(mirror, remote, [`refs/heads/${CANDIDATES}*`], signal);
  if (refs.size === 0) return 0;
  const needed = new Set(await listNeededRefs(pools.writes, projectId, [...refs.keys()]));
  const left = [...refs].filter(([ref]) => ref.startsWith(`refs/heads/${CANDIDATES}`) && !needed.has(ref));
  for (const [ref, sha] of left) await pushOwnRef(mirror, remote, { ref, to: undefined, expected: sha }, signal);
  return left.length;
}
