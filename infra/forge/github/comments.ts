import type { Octokit } from '@octokit/rest';
import type { CommentPlace } from '../own-comment.js';
import { type ProjectClient, withSignal } from './project-client.js';
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
const commentBody = (text: string, marker: string): string => `${text}\n\n<!-- ${marker} -->`;

/** @returns its id; undefined when the list shows none */
async function findOwnComment(
  client: Octokit,
  name: RepositoryName,
  { login, number, marker }: OwnComment,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const at = { ...name, issue_number: number, per_page: 100, ...withSignal(signal) };
  const ending = `<!-- ${marker} -->`;
  for await (const { data } of client.paginate.iterator(client.rest.issues.listComments, at)) {
    const ours = data.find(
      ({ body, user }) =>
        user?.login.toLowerCase() === login.toLowerCase() && (body?.trimEnd().endsWith(ending) ?? false),
    );
    if (ours !== undefined) return String(ours.id);
  }
  return undefined;
}

/** Our comment as one client sees and writes it. */
export const commentPlace = (
  { name, client }: ProjectClient,
  comment: OwnComment,
  signal?: AbortSignal,
): CommentPlace => {
  const { number, marker } = comment;
  const request = withSignal(signal);
  return {
    find: async () => await findOwnComment(client, name, comment, signal),
    create: async (text) => {
      const body = commentBody(text, marker);
      const { data } = await client.rest.issues.createComment({ ...name, issue_number: number, body, ...request });
      return String(data.id);
    },
    edit: async (id, text) => {
      const body = commentBody(text, marker);
      await client.rest.issues.updateComment({ ...name, comment_id: Number(id), body, ...request });
    },
  };
};
