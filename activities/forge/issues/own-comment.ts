import { createHash } from 'node:crypto';
import { FAILURES, Failure } from '../../../domain/failures.js';
import { cappedComment } from '../../../domain/forge/comment-text.js';
import { claimOwnComment, type OwnCommentKey, saveOwnComment, saveOwnCommentFailed } from './own-comment.repository.js';
import type { Intake } from './ports.js';

export interface Shown {
  /** Of the issue or pull request. */
  readonly key: string;
  /** Names the comment among ours on that page. */
  readonly marker: string;
  /** Of our own words, with foreign ones defused. */
  readonly text: string;
  /** An edit sooner than this after the last one waits for the next look. */
  readonly atMostEveryMs: number;
}

/** A list shows a new comment a moment late: only after this is one that it does not show taken to be absent. */
const LIST_LAG_MS = 20_000;

/**
 * Keeps one comment of ours at what it should say: written once, then edited, by one writer at a time. A limit or an
 * outage leaves it for the next look.
 * @returns whether it says so now
 */
export async function showComment({ deps, projectId, tracker, signal }: Intake, shown: Shown): Promise<boolean> {
  const { writes } = deps.pools;
  const row: OwnCommentKey = { projectId, key: shown.key, marker: shown.marker };
  const text = cappedComment(shown.text);
  const hash = createHash('sha256').update(text).digest('hex');
  const claim = await claimOwnComment(writes, row, hash, shown.atMostEveryMs);
  if (claim.kind === 'same') return true;
  if (claim.kind === 'busy') return false;
  const said = { key: shown.key, marker: shown.marker, text };
  let creates = false;
  try {
    const known = claim.commentId ?? (await tracker.findOwnComment(projectId, shown.key, shown.marker, signal));
    if (known !== undefined && (await edited(() => tracker.editComment(projectId, known, said, signal)))) {
      await saveOwnComment(writes, row, known, hash);
      return true;
    }
    if (known === undefined && claim.lostMsAgo !== null && claim.lostMsAgo < LIST_LAG_MS) {
      await saveOwnCommentFailed(writes, row, false);
      return false;
    }
    creates = true;
    await saveOwnComment(writes, row, await tracker.createComment(projectId, said, signal), hash);
    return true;
  } catch (error) {
    await saveOwnCommentFailed(writes, row, creates);
    if (isPassing(error)) return false;
    throw error;
  }
}

/** What the next look may find mended. */
export const isPassing = (error: unknown): boolean => error instanceof Failure && FAILURES[error.type].retryable;

/** @returns false when somebody deleted it */
async function edited(edit: () => Promise<void>): Promise<boolean> {
  try {
    await edit();
    return true;
  } catch (error) {
    if (error instanceof Failure && error.type === 'NotFound') return false;
    throw error;
  }
}
