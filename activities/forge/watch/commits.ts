import { tellCommitNews } from '../../checks/forge/forge-check.repository.js';
import type { Look } from './ports.js';

/** Whoever waits for the CI's word on the commit reads it for himself, at once. */
export const lookAtCommit: Look<'commit'> = async ({ deps, projectId }, { sha }) =>
  (await tellCommitNews(deps.pools.writes, projectId, sha)) ? 'told' : 'known';
