import { basename, join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { deleteRef } from './checkpoint.js';
import { isUnfinished, markMended, markUnfinished, markWhole } from './damage-marks.js';
import { inTurn } from './in-turn.js';
import type { ProjectRepositories } from './mirrors.js';
import { listRefs } from './objects.js';
import { FORGE_REFS } from './refs.js';
import type { GitRemote, Repository } from './repository.js';
import type { Mend } from './run.js';
import { setDamagedAside } from './set-aside.js';
import { areRefsWhole, copyObjects, fetchAllAnew, isWhole, listBrokenRefs } from './whole.js';

/** For so long nothing is looked for again after nothing was found: somebody asks for what never was. */
const QUIET_MS = 60_000;

export interface MendingDeps {
  /** Both by a git that mends nothing itself. */
  readonly mirrors: ProjectRepositories;
  /** Of the local forge. */
  readonly forge: ProjectRepositories;
  /** Where the forge of a project is, when it is no repository of ours. */
  readonly remote: (projectId: string) => Promise<GitRemote>;
  readonly warn: (facts: object, words: string) => void;
}

interface Looked {
  readonly atMs: number;
  readonly found: boolean;
  readonly failure?: unknown;
}

/**
 * Mirror and forge of a project lie on disks that may lose or change what they hold. Each is mended from the other:
 * damaged files are set aside beside the repository, and every object that refs need is copied from where it is whole.
 * Where the forge is elsewhere, the mirror gets everything from there. A checkpoint that is nowhere goes with its ref.
 */
export const createMending = (deps: MendingDeps): Mend => {
  const looked = new Map<string, Looked>();
  return ({ gitDir, sinceMs, signal }) => {
    const projectId = basename(gitDir, '.git');
    const isOurs = [deps.mirrors.path(projectId), deps.forge.path(projectId)].includes(gitDir);
    if (!isOurs) return Promise.resolve(false);
    return inTurn(`mending/${projectId}`, async () => {
      const last = looked.get(projectId);
      if (last !== undefined && (last.atMs >= sinceMs || (!last.found && Date.now() - last.atMs < QUIET_MS))) {
        if (last.failure !== undefined) throw last.failure;
        return last.found;
      }
      try {
        const found = await mendProject(deps, projectId, signal);
        looked.set(projectId, { atMs: Date.now(), found });
        return found;
      } catch (failure) {
        if (!signal?.aborted) looked.set(projectId, { atMs: Date.now(), found: false, failure });
        throw failure;
      }
    });
  };
};

async function mendProject(deps: MendingDeps, projectId: string, signal: AbortSignal | undefined): Promise<boolean> {
  const mirror = await deps.mirrors.open(projectId);
  const forge = await ownForge(deps, projectId);
  const own = forge === undefined ? [mirror] : [forge, mirror];
  for (const { dir } of own) {
    const aside = join(dir.replace(/\.git$/, '.damaged'), new Date().toISOString().replaceAll(':', '-'));
    const files = await setDamagedAside(dir, { aside, beforeFirst: () => markUnfinished(dir), signal });
    if (files.length > 0) deps.warn({ aside, files }, 'a repository holds damaged files: they are set aside');
  }
  const isDamaged = async (repo: Repository): Promise<boolean> =>
    (await isUnfinished(repo)) || !(await areRefsWhole(repo, { signal }));
  const damaged: Repository[] = [];
  for (const repo of own) if (await isDamaged(repo)) damaged.push(repo);
  if (damaged.length === 0) return false;
  if (forge !== undefined && damaged.includes(forge)) await mendForge(forge, mirror, signal);
  if (damaged.includes(mirror)) await mendMirror(deps, { projectId, mirror, forge, signal });
  const lost = forge === undefined ? [] : [...(await listBrokenRefs(forge, { signal })).keys()];
  if (forge !== undefined && lost.length > 0) throw beyondRepair(forge, lost);
  for (const repo of own) await markWhole(repo);
  deps.warn({ mended: damaged.map(({ dir }) => dir) }, 'the repositories of a project are whole again');
  return true;
}

async function ownForge({ forge }: MendingDeps, projectId: string): Promise<Repository | undefined> {
  try {
    return await forge.open(projectId);
  } catch (error) {
    if (error instanceof Failure && error.type === 'NotFound') return undefined;
    throw error;
  }
}

/** Branches are nobody's to move: only their objects come back. */
async function mendForge(forge: Repository, mirror: Repository, signal: AbortSignal | undefined): Promise<void> {
  const broken = [...(await listBrokenRefs(forge, { signal })).values()];
  // What the mirror saw of a branch may be older, and yet hold what is lost.
  const seen = [...(await listRefs(mirror, FORGE_REFS, signal)).values()];
  const commits: string[] = [];
  for (const sha of new Set([...broken, ...seen])) if (await isWhole(mirror, sha, { signal })) commits.push(sha);
  await copyObjects(mirror, forge, { commits, signal });
}

interface MirrorMending {
  readonly projectId: string;
  readonly mirror: Repository;
  readonly forge: Repository | undefined;
  readonly signal: AbortSignal | undefined;
}

async function mendMirror(
  { remote, warn }: MendingDeps,
  { projectId, mirror, forge, signal }: MirrorMending,
): Promise<void> {
  if (forge === undefined) {
    await dropBrokenRefs(mirror, FORGE_REFS, signal);
    await fetchAllAnew(mirror, await remote(projectId), signal);
  } else {
    const broken = await listBrokenRefs(forge, { signal });
    const tips = [...(await listRefs(forge, 'refs/heads/', signal))].filter(([ref]) => !broken.has(ref));
    await copyObjects(forge, mirror, { commits: [...new Set(tips.map(([, sha]) => sha))], signal });
  }
  for (const ref of await dropBrokenRefs(mirror, 'refs/', signal))
    warn({ repository: mirror.dir, ref }, 'what a ref names is nowhere any more: the ref goes');
  await markMended(mirror);
}

async function dropBrokenRefs(
  mirror: Repository,
  below: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const broken = [...(await listBrokenRefs(mirror, { signal })).keys()].filter((ref) => ref.startsWith(below));
  for (const ref of broken) await deleteRef(mirror, ref, signal);
  return broken;
}

const beyondRepair = ({ dir }: Repository, refs: readonly string[]): Failure =>
  new Failure(
    'Unavailable',
    `The repository ${dir} has lost objects of ${refs.slice(0, 5).join(', ')} that its mirror lacks as well, so nothing lands in it. Stop Millwright and restore a backup: docs/operations.md says how. The damaged files lie in ${dir.replace(/\.git$/, '.damaged')}.`,
    { reason: 'REPOSITORY_DAMAGED' },
  );
