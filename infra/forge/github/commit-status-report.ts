import type { Octokit, RestEndpointMethodTypes } from '@octokit/rest';
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
  const newest = await newestStatus(client, { ...name, ref: sha, per_page: 100, request }, context);
  if (newest?.state === state && newest.description === description) return null;
  await client.rest.repos.createCommitStatus({ ...name, sha, context, state, description, request });
  return null;
}

type Listed = RestEndpointMethodTypes['repos']['listCommitStatusesForRef'];

/** They are listed newest first. */
async function newestStatus(
  client: Octokit,
  at: Listed['parameters'],
  context: string,
): Promise<Listed['response']['data'][number] | undefined> {
  for await (const { data } of client.paginate.iterator(client.rest.repos.listCommitStatusesForRef, at)) {
    const newest = data.find((status) => status.context === context);
    if (newest !== undefined) return newest;
  }
  return undefined;
}
