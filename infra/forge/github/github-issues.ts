import type { RestEndpointMethodTypes } from '@octokit/rest';
import type { FailureType } from '../../../domain/failures.js';
import { type Actor, permissionOf } from '../../../domain/forge/actors.js';
import type { ForgePriority } from '../../../domain/forge/rate.js';
import type {
  IssueTracker,
  LabelSet,
  OwnText,
  Reaction,
  TrackedComment,
  TrackedIssue,
  TrackedPerson,
} from '../issues.js';
import type { CommentPlace } from '../own-comment.js';
import { commentPlace } from './comments.js';
import { type GitHubDeps, openProject, type ProjectClient, withSignal } from './project-client.js';
import type { Permissions } from './settings.js';
import { unless, unlessGone } from './unless.js';

type Issue = RestEndpointMethodTypes['issues']['get']['response']['data'];
type ListedIssue = RestEndpointMethodTypes['issues']['listForRepo']['response']['data'][number];
type Comment = RestEndpointMethodTypes['issues']['getComment']['response']['data'];

export interface GitHubIssuesDeps extends GitHubDeps {
  /** `org/slug` of those whose members may command beside whoever may push. */
  readonly teams: readonly string[];
}

const READ: Permissions = { issues: 'read', pull_requests: 'read', metadata: 'read' };
const WRITE: Permissions = { issues: 'write', pull_requests: 'write' };

/** Issues and comments of GitHub, or of an Enterprise server. */
export class GitHubIssues implements IssueTracker {
  readonly kind = 'github';

  constructor(private readonly deps: GitHubIssuesDeps) {}

  async isOurs(projectId: string, author: TrackedPerson): Promise<boolean> {
    const { name } = await this.open(projectId, READ, 'state');
    return (await this.deps.access.login(name)).toLowerCase() === author.id.toLowerCase();
  }

  async readIssue(projectId: string, key: string, signal?: AbortSignal): Promise<TrackedIssue | undefined> {
    const { name, client } = await this.open(projectId, READ, 'state');
    const number = Number(key);
    return await unlessGone(async () => {
      const { data } = await client.rest.issues.get({ ...name, issue_number: number, ...withSignal(signal) });
      // A transferred one answers from where it is now, under another number.
      return data.number === number ? toIssue(data) : undefined;
    });
  }

  async readIssues(projectId: string, keys: readonly string[], signal?: AbortSignal): Promise<readonly TrackedIssue[]> {
    const issues: TrackedIssue[] = [];
    for (const key of keys) {
      const issue = await this.readIssue(projectId, key, signal);
      if (issue !== undefined) issues.push(issue);
    }
    return issues;
  }

  async whoClosed(projectId: string, key: string, signal?: AbortSignal): Promise<TrackedPerson | undefined> {
    const { name, client } = await this.open(projectId, READ, 'state');
    const asked = { ...name, issue_number: Number(key), ...withSignal(signal) };
    const by = (await unlessGone(() => client.rest.issues.get(asked)))?.data.closed_by;
    return by ? personOf(by) : undefined;
  }

  async whoLabelled(
    projectId: string,
    key: string,
    label: string,
    signal?: AbortSignal,
  ): Promise<LabelSet | undefined> {
    const { name, client } = await this.open(projectId, READ, 'state');
    const events = await unlessGone(() =>
      client.paginate(client.rest.issues.listEvents, {
        ...name,
        issue_number: Number(key),
        per_page: 100,
        ...withSignal(signal),
      }),
    );
    const last = events?.findLast((one) => one.event === 'labeled' && 'label' in one && isLabel(one.label.name, label));
    return last === undefined ? undefined : { by: personOf(last.actor), at: last.created_at };
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
      ({ key }) => key,
    );
  }

  async readComment(projectId: string, id: string, signal?: AbortSignal): Promise<TrackedComment | undefined> {
    const { name, client } = await this.open(projectId, READ, 'state');
    return await unlessGone(async () => {
      const { data } = await client.rest.issues.getComment({ ...name, comment_id: Number(id), ...withSignal(signal) });
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

  async readActor(projectId: string, { id: login }: TrackedPerson, signal?: AbortSignal): Promise<Actor> {
    const { name, client } = await this.open(projectId, { metadata: 'read' }, 'state');
    const asked = { ...name, username: login, ...withSignal(signal) };
    const found = await unlessGone(() => client.rest.repos.getCollaboratorPermissionLevel(asked));
    const permission = found === undefined ? 'none' : permissionOf(found.data.role_name, found.data.permission);
    return { permission, isInTeam: await this.isInTeam(projectId, login, signal) };
  }

  async findOwnComment(
    projectId: string,
    key: string,
    marker: string,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    return await (await this.place(projectId, { key, marker }, signal)).find();
  }

  async createComment(projectId: string, { text, ...at }: OwnText, signal?: AbortSignal): Promise<string> {
    return await (await this.place(projectId, at, signal)).create(text);
  }

  async editComment(projectId: string, id: string, { text, ...at }: OwnText, signal?: AbortSignal): Promise<void> {
    await (await this.place(projectId, at, signal)).edit(id, text);
  }

  private async place(
    projectId: string,
    { key, marker }: Omit<OwnText, 'text'>,
    signal?: AbortSignal,
  ): Promise<CommentPlace> {
    const project = await this.open(projectId, WRITE, 'report');
    const login = await this.deps.access.login(project.name);
    return commentPlace(project, { login, number: Number(key), marker }, signal);
  }

  async react(projectId: string, commentId: string, reaction: Reaction, signal?: AbortSignal): Promise<void> {
    const { name, client } = await this.open(projectId, WRITE, 'report');
    const content = { comment_id: Number(commentId), content: reaction };
    await client.rest.reactions.createForIssueComment({ ...name, ...content, ...withSignal(signal) });
  }

  /** An issue of GitHub is open or closed, and its progress is a comment. */
  async showBegun(): Promise<void> {}

  async closeIssue(projectId: string, key: string, signal?: AbortSignal): Promise<void> {
    const { name, client } = await this.open(projectId, WRITE, 'report');
    const closed = { state: 'closed', state_reason: 'completed' } as const;
    await client.rest.issues.update({ ...name, issue_number: Number(key), ...closed, ...withSignal(signal) });
  }

  private async isInTeam(projectId: string, login: string, signal?: AbortSignal): Promise<boolean> {
    for (const team of this.deps.teams) {
      const [org = '', slug = ''] = team.split('/');
      const { client } = await this.open(projectId, { members: 'read' }, 'state');
      const asked = { org, team_slug: slug, username: login, ...withSignal(signal) };
      const found = await unless(HIDDEN, () => client.rest.teams.getMembershipForUserInOrg(asked));
      // Whoever was invited and has not accepted is none yet.
      if (found?.data.state === 'active') return true;
    }
    return false;
  }

  private open(projectId: string, permissions: Permissions, priority: ForgePriority): Promise<ProjectClient> {
    return openProject(this.deps, projectId, { permissions, priority });
  }
}

const isLabel = (name: string | null | undefined, label: string): boolean =>
  name?.toLowerCase() === label.toLowerCase();

/** Pull requests are issues too; they are none of ours to begin work from. */
const toIssue = (issue: Issue | ListedIssue): TrackedIssue | undefined =>
  issue.pull_request
    ? undefined
    : {
        key: String(issue.number),
        name: `#${issue.number}`,
        url: issue.html_url,
        title: issue.title,
        body: issue.body ?? '',
        author: personOf(issue.user),
        isOpen: issue.state === 'open',
        labels: issue.labels.flatMap((one) => (typeof one === 'string' ? one : (one.name ?? []))),
        updatedAt: issue.updated_at,
      };

function toComment(comment: Comment): TrackedComment | undefined {
  const key = /\/(\d+)$/.exec(comment.issue_url)?.[1];
  if (key === undefined) return undefined;
  const { id, body = '', updated_at: updatedAt } = comment;
  return { id: String(id), key, author: personOf(comment.user), body, updatedAt };
}

/** Of an account that was deleted, GitHub says nothing. */
const personOf = (user: { readonly login: string } | null | undefined): TrackedPerson => {
  const login = user?.login ?? 'ghost';
  return { id: login, name: login };
};

/** Pages shift while they are read: what came twice is what came last. */
const once = <T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] => [
  ...new Map(items.map((item) => [keyOf(item), item])).values(),
];

/** Where the App may not see members, nobody is one. */
const HIDDEN: readonly FailureType[] = ['NotFound', 'PermissionDenied', 'InvalidInput'];
