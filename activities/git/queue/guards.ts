import { Failure } from '../../../domain/failures.js';
import type { QueueConfig } from '../../../domain/merge/types.js';
import type { Forge, PullRequest } from '../../../infra/forge/port.js';
import type { GuardReason } from '../../../workflows/contract/activities/merge.js';

/** Why a pull request may not be in this queue as it stands now. Read at admission and again before it lands. */
export function whyNotAdmissible(
  pr: PullRequest | undefined,
  branch: string,
  { holdLabel }: Pick<QueueConfig, 'holdLabel'>,
): GuardReason | undefined {
  if (pr?.state !== 'open') return 'PR_CLOSED';
  if (pr.isHeadGone) return 'BRANCH_GONE';
  if (pr.draft) return 'PR_DRAFT';
  if (pr.baseRef !== branch) return 'BASE_CHANGED';
  return holdLabel !== undefined && pr.labels.includes(holdLabel) ? 'HELD_BY_LABEL' : undefined;
}

/** Undefined when the forge has no such pull request. */
export async function findPullRequest(
  forge: Pick<Forge, 'readPullRequest'>,
  projectId: string,
  number: number,
  signal: AbortSignal,
): Promise<PullRequest | undefined> {
  try {
    return await forge.readPullRequest(projectId, number, signal);
  } catch (error) {
    // An absent pull request is an answer: the entry leaves.
    if (error instanceof Failure && error.type === 'NotFound') return undefined;
    throw error;
  }
}
