import { createHash } from 'node:crypto';
import { Failure } from '../../../domain/failures.js';
import type { OwnText } from '../issues.js';
import type { Asking, LinearClient } from './client.js';
import { COMMENT_BY_ID, CREATE_COMMENT, EDIT_COMMENT } from './documents.js';

/** A comment that was deleted keeps its id for ever: the next one is another. */
const MOST_LIVES = 4;

interface Page {
  readonly projectId: string;
  readonly key: string;
  readonly marker: string;
}

/**
 * Comments of ours have ids that we choose, so that neither a lost answer nor a second worker makes a second one, and
 * what a comment says need not show who it is. Version 4 is what Linear takes, so that the hash wears it.
 */
export function ownCommentId({ projectId, key, marker }: Page, life: number): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([projectId, key, marker, life]))
    .digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export async function findOwnComment(client: LinearClient, page: Page, asking: Asking): Promise<string | undefined> {
  for (let life = 0; life < MOST_LIVES; life++) {
    const id = ownCommentId(page, life);
    if (await isThere(client, { id, key: page.key }, asking)) return id;
  }
  return undefined;
}

/** @returns its id, whether it was made now or by a call whose answer was lost */
export async function createOwnComment(
  client: LinearClient,
  projectId: string,
  { key, marker, text }: OwnText,
  asking: Asking,
): Promise<string> {
  for (let life = 0; ; life++) {
    const id = ownCommentId({ projectId, key, marker }, life);
    try {
      await client.ask(CREATE_COMMENT, { id, issueId: key, body: text }, asking);
      return id;
    } catch (error) {
      // The id is taken: by a comment that stands, or by one that somebody deleted.
      if (!(error instanceof Failure) || error.type !== 'InvalidInput' || life + 1 === MOST_LIVES) throw error;
      if (!(await isThere(client, { id, key }, asking))) continue;
      await client.ask(EDIT_COMMENT, { id, body: text }, asking);
      return id;
    }
  }
}

async function isThere(
  client: LinearClient,
  { id, key }: { readonly id: string; readonly key: string },
  asking: Asking,
): Promise<boolean> {
  try {
    const { comment } = await client.ask(COMMENT_BY_ID, { id }, asking);
    return comment.issue?.id === key;
  } catch (error) {
    if (error instanceof Failure && error.type === 'NotFound') return false;
    throw error;
  }
}
