import type { Reconciliation } from './ports.js';

/** Keeps what the forge calls the repository now: its API answers to the old name too, git does not. */
export const followRename: Reconciliation = async ({ deps, projectId, signal }) => {
  await deps.forge.prepare(projectId, signal);
};
