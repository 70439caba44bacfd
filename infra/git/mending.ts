import { basename, join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { deleteRef } from './checkpoint.js';
import { isUnfinished, markMended, markUnfinished, markWhole } from './damage-marks.js';
import { inTurn } from './in-turn.js';
import type { ProjectRepositories } from './mirrors.js';
import { listRefs } from './objects.js';
import { FORGE_REFS } from './refs.js';
import type { Repository } from './repository.js';
import type { Mend } from './run.js';
import { setDamagedAside } from './set-aside.js';
import { areRefsWhole, copyObjects, isWhole, listBrokenRefs } from './whole.js';

/** For so long nothing is looked for again after nothing was found: somebody asks for what never was. */
const QUIET_MS = 60_000;

export interface MendingDeps {
  /** Both by a git that mends nothing itself. */
  readonly mirrors: ProjectRepositories;
  /** Of the local forge. */
  readonly forge: ProjectRepositories;
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
 * A checkpoint that is nowhere goes with its ref.
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
  const [mirror, forge] = await Promise.all([deps.mirrors.open(projectId), deps.forge.open(projectId)]);
  for (const { dir } of [forge, mirror]) {
    const aside = join(dir.replace(/\.git$/, '.damaged'), new Date().toISOString().replaceAll(':', '-'));
    const files = await setDamagedAside(dir, { aside, beforeFirst: () => markUnfinished(dir), signal });
    if (files.length > 0) deps.warn({ aside, files }, 'a repository holds damaged files: they are set aside');
  }
  const isDamaged = async (repo: Repository): Promise<boolean> =>
    (await isUnfinished(repo)) || !(await areRefsWhole(repo, { signal }));
  const [isForgeDamaged, isMirrorDamaged] = [await isDamaged(forge), await isDamaged(mirror)];
  if (!isForgeDamaged && !isMirrorDamaged) return false;
  if (isForgeDamaged) await mendForge(forge, mirror, signal);
  if (isMirrorDamaged) await mendMirror(deps, mirror, forge, signal);
  const lost = [...(await listBrokenRefs(forge, { signal })).keys()];
  if (lost.length > 0) throw beyondRepair(forge, lost);
  for (const repo of [forge, mirror]) await markWhole(repo);
  deps.warn(
    { projectId, forge: isForgeDamaged, mirror: isMirrorDamaged },
    'the repositories of a project are whole again',
  );
  return true;
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

async function mendMirror(
  { warn }: MendingDeps,
  mirror: Repository,
  forge: Repository,
  signal: AbortSignal | undefined,
): Promise<void> {
  const broken = new Set((await listBrokenRefs(forge, { signal })).keys());
  const tips = [...(await listRefs(forge, 'refs/heads/', signal))].filter(([ref]) => !broken.has(ref));
  await copyObjects(forge, mirror, { commits: [...new Set(tips.map(([, sha]) => sha))], signal });
  for (const ref of (await listBrokenRefs(mirror, { signal })).keys()) {
    await deleteRef(mirror, ref, signal);
    warn({ repository: mirror.dir, ref }, 'what a ref names is nowhere any more: the ref goes');
  }
  await markMended(mirror);
}

const beyondRepair = ({ dir }: Repository, refs: readonly string[]): Failure =>
  new Failure(
    'Unavailable',
    `The repository ${dir} has lost objects of ${refs.slice(0, 5).join(', ')} that its mirror lacks as well, so nothing lands in it. Stop Millwright and restore a backup: docs/operations.md says how. The damaged files lie in ${dir.replace(/\.git$/, '.damaged')}.`,
    { reason: 'REPOSITORY_DAMAGED' },
  );
