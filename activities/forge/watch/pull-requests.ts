import { isBaseGone } from './base-gone.js';
import type { Look, Reconciliation } from './ports.js';
import { tellQueue } from './tell.js';
import { findQueueOf, listOpenPullRequests } from './watch.repository.js';

/** Reads it anew, which keeps its row; the queue it waits in looks for itself. */
export const lookAtPullRequest: Look<'pull_request'> = async (watched, { number }) => {
  const { deps, projectId, signal } = watched;
  const pr = await deps.forge.readPullRequest(projectId, number, signal).catch((error: unknown) => {
    // Closed with its base, which is nobody's decision about it.
    if (isBaseGone(error)) return undefined;
    throw error;
  });
  if (pr === undefined) return 'waits';
  const queue = await findQueueOf(deps.pools.writes, projectId, number);
  if (queue === undefined) return pr.state;
  await tellQueue(watched, queue);
  return 'queued';
};

/** Those that our rows call open and the forge does not, or whose heads are elsewhere. */
export const reconcilePullRequests: Reconciliation = async (watched) => {
  const { deps, projectId, signal } = watched;
  const known = await listOpenPullRequests(deps.pools.writes, projectId);
  if (known.length === 0) return;
  const open = await deps.forge.listPullRequests(projectId, { state: 'open' }, signal);
  const there = new Set(open.map(({ number }) => number));
  for (const number of known)
    if (!there.has(number)) await lookAtPullRequest(watched, { kind: 'pull_request', number });
};
