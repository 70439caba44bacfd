import {
  listTargets,
  restoreLanding,
  type Target,
  withoutEntry,
} from '../../activities/store/lost-landing.repository.js';
import { Failure } from '../../domain/failures.js';
import type { Forge } from '../../infra/forge/port.js';
import { listLandings } from '../../infra/git/landings.js';
import { fetchAllBranches } from '../../infra/git/mirror.js';
import type { ProjectRepositories } from '../../infra/git/mirrors.js';
import { listRefs } from '../../infra/git/objects.js';
import { FORGE_REFS, forgeRef } from '../../infra/git/refs.js';
import type { Logger } from '../../infra/logging.js';
import type { WritePool } from '../../infra/pg/writes.js';

export interface LostLandingDeps {
  readonly writes: WritePool;
  readonly mirrors: ProjectRepositories;
  readonly forge: Pick<Forge, 'remote'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** The clocks of database and workers may differ. */
const MARGIN_SECONDS = 60;
/** Of one project: a forge that says nothing must not keep the others waiting. */
const LOOK_MS = 60_000;

/**
 * Brings back what the rows have lost of landings, as after a restore of the database alone: a queue writes its entry
 * before it pushes, so a merge on a branch that no entry tells of is proof that the rows are of an earlier time. The
 * task would be done and landed once more.
 * @returns how many were brought back
 */
export async function restoreLostLandings(deps: LostLandingDeps): Promise<number> {
  const targets = await listTargets(deps.writes);
  let restored = 0;
  for (const projectId of new Set(targets.map((target) => target.projectId))) {
    deps.signal.throwIfAborted();
    const ofProject = targets.filter((target) => target.projectId === projectId);
    restored += await lookAt(deps, projectId, ofProject);
  }
  return restored;
}

async function lookAt(
  { writes, mirrors, forge, log, signal: stopping }: LostLandingDeps,
  projectId: string,
  targets: readonly Target[],
): Promise<number> {
  const tooLate = AbortSignal.timeout(LOOK_MS);
  const signal = AbortSignal.any([stopping, tooLate]);
  try {
    const mirror = await mirrors.ensure(projectId, signal);
    await fetchAllBranches(mirror, await forge.remote(projectId), signal);
    const tips = await listRefs(mirror, FORGE_REFS, signal);
    let restored = 0;
    for (const target of targets) {
      const tip = tips.get(forgeRef(target.branch));
      // An epic's branch that is not made yet, or has landed and is gone.
      if (tip === undefined) continue;
      const sinceSeconds = target.sinceSeconds - MARGIN_SECONDS;
      const landings = await listLandings(mirror, { tip, sinceSeconds, signal });
      // Oldest first, as they landed.
      for (const landing of (await withoutEntry(writes, landings)).toReversed()) {
        if (!(await restoreLanding(writes, target, landing))) continue;
        log.warn({ ...target, ...landing }, 'a branch holds a landing that the rows have lost: it is written again');
        restored += 1;
      }
    }
    return restored;
  } catch (error) {
    if (stopping.aborted || !(error instanceof Failure || tooLate.aborted)) throw error;
    // A forge that does not answer takes no landing either; it is asked again before any work is started again.
    log.warn({ projectId, message: String(error) }, 'nobody can tell whether the rows have lost a landing');
    return 0;
  }
}
