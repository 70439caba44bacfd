import { createHash } from 'node:crypto';
import { Failure } from '../../domain/failures.js';
import { cappedComment } from '../../domain/forge/comment-text.js';
import { mayComeLate, mayHaveHappened } from '../../domain/forge/list-lag.js';
import type { Queryable } from '../pg/statement.js';
import { claimOwnComment, type OwnCommentKey, saveOwnComment, saveOwnCommentFailed } from './own-comment.repository.js';

/** Where one comment of ours stands, as its forge or tracker is asked about it. */
export interface CommentPlace {
  /** Ours with the marker on that page; undefined when no list shows one. */
  find(): Promise<string | undefined>;
  /** @returns its id */
  create(text: string): Promise<string>;
  /** @throws NotFound when somebody deleted it */
  edit(id: string, text: string): Promise<void>;
}

export interface OwnWords {
  /** Has passed the output gate. */
  readonly text: string;
  /** An edit sooner than this after the last one is left for later. */
  readonly atMostEveryMs: number;
}

/**
 * Keeps one comment of ours at what it should say: written once, then edited, by one writer at a time, however late
 * lists are and whichever answer is lost. What the forge throws is thrown; a repeat goes on from there.
 * @returns `later` while somebody else writes it, or an answer was lost and nobody knows yet whether it is there
 */
export async function keepOwnComment(
  db: Queryable,
  row: OwnCommentKey,
  { text: words, atMostEveryMs }: OwnWords,
  place: CommentPlace,
): Promise<'said' | 'later'> {
  const text = cappedComment(words);
  const hash = createHash('sha256').update(text).digest('hex');
  const claim = await claimOwnComment(db, row, hash, atMostEveryMs);
  if (claim.kind === 'same') return 'said';
  if (claim.kind === 'busy') return 'later';
  let creates = false;
  try {
    const known = claim.commentId ?? (await place.find());
    if (known !== undefined && (await edited(() => place.edit(known, text)))) {
      await saveOwnComment(db, row, known, hash);
      return 'said';
    }
    if (known === undefined && mayComeLate(claim.lostMsAgo)) {
      await saveOwnCommentFailed(db, row, false);
      return 'later';
    }
    creates = true;
    await saveOwnComment(db, row, await place.create(text), hash);
    return 'said';
  } catch (error) {
    await saveOwnCommentFailed(db, row, creates && mayHaveHappened(error));
    throw error;
  }
}

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
