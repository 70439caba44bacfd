import type { Reconciliation } from './ports.js';
import { isFirstShared } from './watch.repository.js';

/** Asks for the deliveries again that came when nobody heard: GitHub never does it by itself, and forgets them in three days. */
export const askForFailedDeliveries: Reconciliation = async ({ deps, projectId, signal }) => {
  if (deps.redeliverFailed === undefined) return;
  if (await isFirstShared(deps.pools.writes, projectId)) await deps.redeliverFailed(signal);
};
