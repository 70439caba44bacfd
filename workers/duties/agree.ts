import { endAll, endOutdated, type OutdatedEngineDeps } from './outdated-engine.js';

export interface AgreeDeps extends OutdatedEngineDeps {
  readonly restoreLostLandings: () => Promise<number>;
}

/**
 * Rows, engine and repositories may have been put back to different times. Branches are never older than what landed, so
 * they are asked first; where the rows are older than they, what the engine remembers is ended as well: it would leave
 * rows behind that nobody writes any more.
 */
export async function agree(deps: AgreeDeps): Promise<void> {
  if ((await deps.restoreLostLandings()) > 0)
    await endAll(deps, 'the rows are older than the branches: workflows are ended');
  else await endOutdated(deps);
}
