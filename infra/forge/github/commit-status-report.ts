import type { Octokit } from '@octokit/rest';
import type { GateReport, GateStanding } from '../gate-reports.js';
import type { RepositoryName } from './settings.js';

/** GitHub's own limit. */
const MOST_DESCRIPTION = 140;

const STATES: Readonly<Record<GateStanding, 'pending' | 'success' | 'failure' | 'error'>> = {
  queued: 'pending',
  in_progress: 'pending',
  success: 'success',
  neutral: 'success',
  failure: 'failure',
  cancelled: 'error',
};

/** Statuses are never edited: the newest of a context counts, and of one context and commit GitHub takes a thousand. */
export async function showCommitStatus(
  client: Octokit,
  name: RepositoryName,
  { name: context, headSha: sha, standing, title }: GateReport,
  signal: AbortSignal | undefined,
): Promise<null> {
  const request = { signal };
  const state = STATES[standing];
  const description = title.slice(0, MOST_DESCRIPTION).toWellFormed();
  const at = { ...name, ref: sha, per_page: 100, request };
  const listed = await client.paginate(client.rest.repos.listCommitStatusesForRef, at);
  // Newest first.
  const newest = listed.find((status) => status.context === context);
  if (newest?.state === state && newest.description === description) return null;
  await client.rest.repos.createCommitStatus({ ...name, sha, context, state, description, request });
  return null;
}
