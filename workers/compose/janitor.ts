import type { Client } from '@temporalio/client';
import { createEngineActivities } from '../../activities/engine/engine.activities.js';
import { cleanHost, clearRuins } from '../../activities/git/clean-host.js';
import { cleanRepository } from '../../activities/git/clean-repository.js';
import type { TreeDeps } from '../../activities/git/ports.js';
import { listProjects } from '../../activities/store/fleet.activities.js';

/** What a process does at its start about what a killed one left; later the factory's sweeps do the rest. */
export interface Janitor {
  /** Before anything polls: what was half-made on this host. Answers how many things were removed. */
  clearRuins(): Promise<number>;
  /** The host, then every project's repository, as the factory's sweep does. Answers how many things were removed. */
  sweep(client: Client, signal: AbortSignal): Promise<number>;
}

export const createJanitor = (deps: TreeDeps): Janitor => ({
  clearRuins: () => clearRuins(deps),

  async sweep(client, signal) {
    let removed = await cleanHost({ ...deps, engine: createEngineActivities(() => client) }, signal);
    for (const { projectId } of await listProjects(deps.pools.writes))
      removed += await cleanRepository(deps, projectId, signal);
    return removed;
  },
});
