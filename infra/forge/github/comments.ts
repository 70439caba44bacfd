import type { Octokit } from '@octokit/rest';
import { withSignal } from './project-client.js';
import type { RepositoryName } from './settings.js';

/** One comment of ours on the page of an issue or pull request. */
export interface OwnComment {
  /** Who we are: a marker counts only where we wrote it, because anybody can copy the text of a comment. */
  readonly login: string;
  /** Of the issue or pull request. */
  readonly number: number;
  /** Names the comment among ours on that page: it is edited, never written twice. */
  readonly marker: string;
}

/** @param text has passed the output gate */
export const commentBody = (text: string, marker: string): string => `${text}\n\n<!-- ${marker} -->`;

/** @returns its id and what it says; undefined when the list shows none */
export async function findOwnComment(
  client: Octokit,
  name: RepositoryName,
  { login, number, marker }: OwnComment,
  signal?: AbortSignal,
): Promise<{ readonly id: number; readonly body: string } | undefined> {
  const at = { ...name, issue_number: number, per_page: 100, ...withSignal(signal) };
  const ending = `<!-- ${marker} -->`;
  for await (const { data } of client.paginate.iterator(client.rest.issues.listComments, at)) {
    const ours = data.find(
      ({ body, user }) =>
        user?.login.toLowerCase() === login.toLowerCase() && (body?.trimEnd().endsWith(ending) ?? false),
    );
    if (ours !== undefined) return { id: ours.id, body: ours.body ?? '' };
  }
  return undefined;
}

/** Writes our comment, or edits the one that bears its marker. */
export async function editOwnComment(
  client: Octokit,
  name: RepositoryName,
  { text, ...comment }: OwnComment & { readonly text: string },
  signal?: AbortSignal,
): Promise<void> {
  const body = commentBody(text, comment.marker);
  const ours = await findOwnComment(client, name, comment, signal);
  const request = withSignal(signal);
  if (ours === undefined)
    await client.rest.issues.createComment({ ...name, issue_number: comment.number, body, ...request });
  else if (ours.body !== body)
    await client.rest.issues.updateComment({ ...name, comment_id: ours.id, body, ...request });
}
