import type { Octokit } from '@octokit/rest';
import type { RepositoryName } from './settings.js';

export interface OwnComment {
  /** Who we are: a marker counts only where we wrote it, because anybody can copy the text of a comment. */
  readonly login: string;
  /** Of the issue or pull request. */
  readonly number: number;
  /** Names the comment among ours on that page: it is edited, never written twice. */
  readonly marker: string;
  /** Has passed the output gate. */
  readonly text: string;
}

/** Writes our comment, or edits the one that bears its marker. @returns its id */
export async function editOwnComment(
  client: Octokit,
  name: RepositoryName,
  { login, number, marker, text }: OwnComment,
  signal?: AbortSignal,
): Promise<number> {
  const request = signal === undefined ? {} : { request: { signal } };
  const body = `${text}\n\n<!-- ${marker} -->`;
  const ours = await findOwnComment(client, name, { login, number, marker }, signal);
  if (ours === undefined) {
    const { data } = await client.rest.issues.createComment({ ...name, issue_number: number, body, ...request });
    return data.id;
  }
  if (ours.body !== body) await client.rest.issues.updateComment({ ...name, comment_id: ours.id, body, ...request });
  return ours.id;
}

async function findOwnComment(
  client: Octokit,
  name: RepositoryName,
  { login, number, marker }: Omit<OwnComment, 'text'>,
  signal?: AbortSignal,
): Promise<{ readonly id: number; readonly body: string } | undefined> {
  const pages = client.paginate.iterator(client.rest.issues.listComments, {
    ...name,
    issue_number: number,
    per_page: 100,
    ...(signal === undefined ? {} : { request: { signal } }),
  });
  for await (const { data } of pages) {
    const ours = data.find(({ body, user }) => user?.login === login && body?.trimEnd().endsWith(`<!-- ${marker} -->`));
    if (ours !== undefined) return { id: ours.id, body: ours.body ?? '' };
  }
  return undefined;
}
