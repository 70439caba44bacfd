import type { Octokit, RestEndpointMethodTypes } from '@octokit/rest';
import { Failure } from '../../../domain/failures.js';
import { type Actor, permissionOf } from '../../../domain/forge/actors.js';
import type { ForgePriority } from '../../../domain/forge/rate.js';
import type { Pools } from '../../pg/pools.js';
import type { IssueTracker, LabelSet, OwnText, Reaction, TrackedComment, TrackedIssue } from '../issues.js';
import type { GitHubAccess } from './access.js';
import { findProjectOnGitHub } from './project-repository.repository.js';
import type { Permissions, RepositoryName } from './settings.js';

type Issue = RestEndpointMethodTypes['issues']['get']['response']['data'];
type ListedIssue = RestEndpointMethodTypes['issues']['listForRepo']['response']['data'][number];
type Comment = RestEndpointMethodTypes['issues']['getComment']['response']['data'];

export interface GitHubIssuesDeps {
  readonly pools: Pools;
  readonly access: GitHubAccess;
  /** `org/slug` of those whose members may command beside whoever may push. */
  readonly teams: readonly string[];
}

interface Opened {
  readonly name: RepositoryName;
  readonly client: Octokit;
}

const READ: Permissions = { issues: 'read', pull_requests: 'read', metadata: 'read' };
const WRITE: Permissions = { issues: 'write', pull_requests: 'write' };

/** Issues and comments of GitHub, or of an Enterprise server. */
export class GitHubIssues implements IssueTracker {
  constructor(private readonly deps: GitHubIssuesDeps) {}

  async isOurs(projectId: string, author: string): Promise<boolean> {
    const { name } = await this.open(projectId, READ, 'state');
    return (await this.deps.access.login(name)).toLowerCase() === author.toLowerCase();
  }

  async readIssue(projectId: string, number: number, signal?: AbortSignal): Promise<TrackedIssue | undefined> {
    const { name, client } = await this.open(projectId, READ, 'state');
    return await unlessGone(async () => {
      const { data } = await client.rest.issues.get({ ...name, issue_number: number, ...withSignal(signal) });
      // A transferred one answers from where it is now, under another number.
      return data.number === number ? toIssue(data) : undefined;
    });
  }

  async whoLabelled(
    projectId: string,
    number: number,
    label: string,
    signal?: AbortSignal,
  ): Promise<LabelSet | undefined> {
    const { name, client } = await this.open(projectId, READ, 'state');
    const events = await unlessGone(() =>
      client.paginate(client.rest.issues.listEvents, {
        ...name,
        issue_number: number,
        per_page: 100,
        ...withSignal(signal),
      }),
    );
    const last = events?.findLast((one) => one.event === 'labeled' && 'label' in one && isLabel(one.label.name, label));
    return last === undefined ? undefined : { by: last.actor?.login ?? 'ghost', at: last.created_at };
  }

  async listIssues(
    projectId: string,
    { label, since }: { readonly label: string; readonly since: string },
    signal?: AbortSignal,
  ): Promise<readonly TrackedIssue[]> {
    const { name, client } = await this.open(projectId, READ, 'state');
    const listed = await client.paginate(client.rest.issues.listForRepo, {
      ...name,
      labels: label,
      state: 'all',
      since,
      sort: 'updated',
      direction: 'asc',
      per_page: 100,
      ...withSignal(signal),
    });
    return once(
      listed.flatMap((one) => toIssue(one) ?? []),
      ({ number }) => number,
    );
  }

  async readComment(projectId: string, id: number, signal?: AbortSignal): Promise<TrackedComment | undefined> {
    const { name, client } = await this.open(projectId, READ, 'state');
    return await unlessGone(async () => {
      const { data } = await client.rest.issues.getComment({ ...name, comment_id: id, ...withSignal(signal) });
      return toComment(data);
    });
  }

  async listComments(projectId: string, since: string, signal?: AbortSignal): Promise<readonly TrackedComment[]> {
    const { name, client } = await this.open(projectId, READ, 'state');
    const listed = await client.paginate(client.rest.issues.listCommentsForRepo, {
      ...name,
      since,
      sort: 'updated',
      direction: 'asc',
      per_page: 100,
      ...withSignal(signal),
    });
    return once(
      listed.flatMap((one) => toComment(one) ?? []),
      ({ id }) => id,
    );
  }

  async readActor(projectId: string, login: string, signal?: AbortSignal): Promise<Actor> {
    const { name, client } = await this.open(projectId, { metadata: 'read' }, 'state');
    const asked = { ...name, username: login, ...withSignal(signal) };
    const found = await unlessGone(() => client.rest.repos.getCollaboratorPermissionLevel(asked));
    const permission = found === undefined ? 'none' : permissionOf(found.data.role_name, found.data.permission);
    return { permission, isInTeam: await this.isInTeam(projectId, login, signal) };
  }

  async findOwnComment(
    projectId: string,
    number: number,
    marker: string,
    signal?: AbortSignal,
  ): Promise<number | undefined> {
    const { name, client } = await this.open(projectId, READ, 'report');
    const login = (await this.deps.access.login(name)).toLowerCase();
    const listed = await client.paginate(client.rest.issues.listComments, {
      ...name,
      issue_number: number,
      per_page: 100,
      ...withSignal(signal),
    });
    // A marker counts only where we wrote it: anybody can copy the text of a comment.
    return listed.find(({ user, body }) => user?.login.toLowerCase() === login && endsWithMarker(body, marker))?.id;
  }

  async createComment(projectId: string, { number, marker, text }: OwnText, signal?: AbortSignal): Promise<number> {
    const { name, client } = await this.open(projectId, WRITE, 'report');
    const body = withMarker(text, marker);
    const { data } = await client.rest.issues.createComment({
      ...name,
      issue_number: number,
      body,
      ...withSignal(signal),
    });
    return data.id;
  }

  async editComment(projectId: string, id: number, { marker, text }: OwnText, signal?: AbortSignal): Promise<void> {
    const { name, client } = await this.open(projectId, WRITE, 'report');
    const body = withMarker(text, marker);
    await client.rest.issues.updateComment({ ...name, comment_id: id, body, ...withSignal(signal) });
  }

  async react(projectId: string, commentId: number, reaction: Reaction, signal?: AbortSignal): Promise<void> {
    const { name, client } = await this.open(projectId, WRITE, 'report');
    const content = { comment_id: commentId, content: reaction };
    await client.rest.reactions.createForIssueComment({ ...name, ...content, ...withSignal(signal) });
  }

  async closeIssue(projectId: string, number: number, signal?: AbortSignal): Promise<void> {
    const { name, client } = await this.open(projectId, WRITE, 'report');
    const closed = { state: 'closed', state_reason: 'completed' } as const;
    await client.rest.issues.update({ ...name, issue_number: number, ...closed, ...withSignal(signal) });
  }

  private async isInTeam(projectId: string, login: string, signal?: AbortSignal): Promise<boolean> {
    for (const team of this.deps.teams) {
      const [org = '', slug = ''] = team.split('/');
      const { client } = await this.open(projectId, { members: 'read' }, 'state');
      const asked = { org, team_slug: slug, username: login, ...withSignal(signal) };
      const found = await unlessHidden(() => client.rest.teams.getMembershipForUserInOrg(asked));
      // Whoever was invited and has not accepted is none yet.
      if (found?.data.state === 'active') return true;
    }
    return false;
  }

  private async open(projectId: string, permissions: Permissions, priority: ForgePriority): Promise<Opened> {
    const { owner, repo } = await findProjectOnGitHub(this.deps.pools.writes, projectId);
    const client = await this.deps.access.client({ owner, repo }, { permissions, priority });
    return { name: { owner, repo }, client };
  }
}

const isLabel = (name: string | null | undefined, label: string): boolean =>
  name?.toLowerCase() === label.toLowerCase();

const withMarker = (text: string, marker: string): string => `${text}\n\n<!-- ${marker} -->`;
const endsWithMarker = (body: string | undefined, marker: string): boolean =>
  body?.trimEnd().endsWith(`<!-- ${marker} -->`) ?? false;

/** Pull requests are issues too; they are none of ours to begin work from. */
const toIssue = (issue: Issue | ListedIssue): TrackedIssue | undefined =>
  issue.pull_request
    ? undefined
    : {
        number: issue.number,
        url: issue.html_url,
        title: issue.title,
        body: issue.body ?? '',
        author: issue.user?.login ?? 'ghost',
        isOpen: issue.state === 'open',
        closedBy: issue.closed_by?.login ?? null,
        labels: issue.labels.flatMap((one) => (typeof one === 'string' ? one : (one.name ?? []))),
        updatedAt: issue.updated_at,
      };

function toComment(comment: Comment): TrackedComment | undefined {
  const number = Number(/\/(\d+)$/.exec(comment.issue_url)?.[1]);
  if (!Number.isSafeInteger(number)) return undefined;
  const { id, body = '', updated_at: updatedAt } = comment;
  return { id, number, author: comment.user?.login ?? 'ghost', body, updatedAt };
}

/** Pages shift while they are read: what came twice is what came last. */
const once = <T>(items: readonly T[], keyOf: (item: T) => number): readonly T[] => [
  ...new Map(items.map((item) => [keyOf(item), item])).values(),
];

/** Where the App may not see members, nobody is one. */
async function unlessHidden<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await unlessGone(read);
  } catch (error) {
    if (error instanceof Failure && (error.type === 'PermissionDenied' || error.type === 'InvalidInput'))
      return undefined;
    throw error;
  }
}

async function unlessGone<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Failure && error.type === 'NotFound') return undefined;
    throw error;
  }
}

const withSignal = (signal: AbortSignal | undefined): { readonly request?: { readonly signal: AbortSignal } } =>
  signal === undefined ? {} : { request: { signal } };
