import type { RestEndpointMethodTypes } from '@octokit/rest';
import { branchHere, type RenamedBranch } from '../../git/branch-names.js';
import type { PullRequest } from '../port.js';

type Answer = RestEndpointMethodTypes['pulls']['get']['response']['data'];
type Listed = RestEndpointMethodTypes['pulls']['list']['response']['data'][number];

const MARKER = /<!-- (millwright:(?:task|epic)=[0-9a-f-]{36}) -->\s*$/;

/** The last line of a body of ours. Empty for everybody else's. */
export const markerOf = (body: string | null | undefined): string => MARKER.exec(body ?? '')?.[1] ?? '';

/** GitHub's words in ours. `merge_commit_sha` of an open one is GitHub's trial merge, which is nobody's merge. */
export function toPullRequest(pr: Answer | Listed, renamed: RenamedBranch | undefined): PullRequest {
  const isMerged = 'merged' in pr ? pr.merged : pr.merged_at !== null;
  return {
    number: pr.number,
    url: pr.html_url,
    state: isMerged ? 'merged' : pr.state === 'open' ? 'open' : 'closed',
    title: pr.title,
    body: pr.body ?? '',
    author: pr.user?.login ?? 'ghost',
    draft: pr.draft ?? false,
    labels: pr.labels.map(({ name }) => name),
    headRef: pr.head.ref,
    baseRef: branchHere(renamed, pr.base.ref),
    headSha: pr.head.sha,
    isHeadGone: pr.head.repo === null,
    mergeCommitSha: isMerged ? pr.merge_commit_sha : null,
    marker: markerOf(pr.body),
  };
}
