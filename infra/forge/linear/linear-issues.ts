import { Failure } from '../../../domain/failures.js';
import type { Actor } from '../../../domain/forge/actors.js';
import type {
  IssueTracker,
  LabelSet,
  OwnText,
  Reaction,
  ShownWork,
  TrackedComment,
  TrackedIssue,
  TrackedPerson,
} from '../issues.js';
import type { LinearClient } from './client.js';
import {
  ATTACH,
  COMMENT_BY_ID,
  COMMENTS_SINCE,
  EDIT_COMMENT,
  ISSUES_BY_ID,
  ISSUES_SINCE,
  MOVE,
  PAGE,
  REACT,
  REACTIONS,
  STATES,
  VIEWER,
} from './documents.js';
import { isClosedState, whoClosed, whoLabelled } from './history.js';
import type { CommentNode, IssueNode, Page } from './nodes.js';
import { createOwnComment, findOwnComment } from './own-comments.js';
import { authorOfComment, authorOfIssue, readActorIn } from './people.js';
import type { LinearTeams } from './teams.js';

/** Far more than changes between two looks. */
const MOST_PAGES = 200;

/** Issues and comments of one team of Linear for each project. Keys are the ids of issues, which stay when they move. */
export class LinearIssues implements IssueTracker {
  readonly kind = 'linear';
  private self: Promise<{ readonly id: string; readonly app: boolean }> | undefined;

  constructor(
    private readonly client: LinearClient,
    private readonly teams: LinearTeams,
  ) {}

  /** With a person's key our comments are from that person, who may command all the same. */
  async isOurs(_projectId: string, author: TrackedPerson): Promise<boolean> {
    const { id, app } = await this.viewer();
    return app && id === author.id;
  }

  async readIssue(projectId: string, key: string, signal?: AbortSignal): Promise<TrackedIssue | undefined> {
    return (await this.readIssues(projectId, [key], signal))[0];
  }

  async readIssues(projectId: string, keys: readonly string[], signal?: AbortSignal): Promise<readonly TrackedIssue[]> {
    if (keys.length === 0) return [];
    const team = await this.teams.of(projectId, signal);
    const issues: TrackedIssue[] = [];
    for (let at = 0; at < keys.length; at += PAGE) {
      const ids = keys.slice(at, at + PAGE);
      const read = await this.client.ask(ISSUES_BY_ID, { ids }, { priority: 'state', signal });
      issues.push(...read.issues.nodes.map((node) => toIssue(node, team)));
    }
    return issues;
  }

  async whoClosed(_projectId: string, key: string, signal?: AbortSignal): Promise<TrackedPerson | undefined> {
    return await unlessGone(() => whoClosed(this.client, key, { priority: 'state', signal }));
  }

  async whoLabelled(
    _projectId: string,
    key: string,
    label: string,
    signal?: AbortSignal,
  ): Promise<LabelSet | undefined> {
    return await unlessGone(() => whoLabelled(this.client, key, label, { priority: 'state', signal }));
  }

  async listIssues(
    projectId: string,
    { label, since }: { readonly label: string; readonly since: string },
    signal?: AbortSignal,
  ): Promise<readonly TrackedIssue[]> {
    const team = await this.teams.of(projectId, signal);
    const nodes = await allPages(async (after) => {
      const asked = { team, teamId: team, label, since, after };
      const read = await unlessGone(() => this.client.ask(ISSUES_SINCE, asked, { priority: 'state', signal }));
      if (read === undefined) throw await this.teams.lost(projectId);
      if (after === null) await this.teams.saveKey(projectId, read.team);
      return read.issues;
    });
    return nodes.map((node) => toIssue(node, team));
  }

  async readComment(_projectId: string, id: string, signal?: AbortSignal): Promise<TrackedComment | undefined> {
    const read = await unlessGone(() => this.client.ask(COMMENT_BY_ID, { id }, { priority: 'state', signal }));
    return read && toComment(read.comment);
  }

  async listComments(projectId: string, since: string, signal?: AbortSignal): Promise<readonly TrackedComment[]> {
    const team = await this.teams.of(projectId, signal);
    const nodes = await allPages(async (after) => {
      const asked = { team, since, after };
      return (await this.client.ask(COMMENTS_SINCE, asked, { priority: 'state', signal })).comments;
    });
    return nodes.flatMap((node) => toComment(node) ?? []);
  }

  async readActor(projectId: string, person: TrackedPerson, signal?: AbortSignal): Promise<Actor> {
    return await readActorIn(this.client, await this.teams.of(projectId, signal), person, signal);
  }

  async findOwnComment(
    projectId: string,
    key: string,
    marker: string,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    return await findOwnComment(this.client, { projectId, key, marker }, { priority: 'report', signal });
  }

  async createComment(projectId: string, comment: OwnText, signal?: AbortSignal): Promise<string> {
    return await createOwnComment(this.client, projectId, comment, { priority: 'report', signal });
  }

  async editComment(_projectId: string, id: string, { text }: OwnText, signal?: AbortSignal): Promise<void> {
    await this.client.ask(EDIT_COMMENT, { id, body: text }, { priority: 'report', signal });
  }

  async react(_projectId: string, commentId: string, emoji: Reaction, signal?: AbortSignal): Promise<void> {
    const asking = { priority: 'report', signal } as const;
    const { comment } = await this.client.ask(REACTIONS, { id: commentId }, asking);
    const { id } = await this.viewer();
    if (comment.reactions.some((one) => one.emoji === emoji && one.user?.id === id)) return;
    await this.client.ask(REACT, { commentId, emoji }, asking);
  }

  async showBegun(_projectId: string, key: string, { title, url }: ShownWork, signal?: AbortSignal): Promise<void> {
    const asking = { priority: 'report', signal } as const;
    await this.move(key, { to: 'started', from: ['triage', 'backlog', 'unstarted'] }, signal);
    if (url !== undefined) await this.client.ask(ATTACH, { issueId: key, url, title }, asking);
  }

  async closeIssue(_projectId: string, key: string, signal?: AbortSignal): Promise<void> {
    await this.move(key, { to: 'completed', from: ['triage', 'backlog', 'unstarted', 'started'] }, signal);
  }

  /** Into the first state of that kind that the issue's team has. What people chose beyond `from` stays. */
  private async move(
    id: string,
    { to, from }: { readonly to: string; readonly from: readonly string[] },
    signal?: AbortSignal,
  ): Promise<void> {
    const asking = { priority: 'report', signal } as const;
    const { issue } = await this.client.ask(STATES, { id }, asking);
    if (!from.includes(issue.state.type)) return;
    const states = issue.team.states.nodes.filter(({ type }) => type === to);
    const [first] = states.toSorted((a, b) => a.position - b.position);
    if (first !== undefined) await this.client.ask(MOVE, { id, stateId: first.id }, asking);
  }

  /** Never changes while the key is the same. */
  private async viewer(): Promise<{ readonly id: string; readonly app: boolean }> {
    this.self ??= this.client.ask(VIEWER, {}, { priority: 'state' }).then(({ viewer }) => viewer);
    try {
      return await this.self;
    } catch (error) {
      this.self = undefined;
      throw error;
    }
  }
}

/** One that has moved to another team asks for nothing here any more, and is followed where its epic goes on. */
const toIssue = (node: IssueNode, team: string): TrackedIssue => ({
  key: node.id,
  name: node.identifier,
  url: node.url,
  title: node.title,
  body: node.description ?? '',
  author: authorOfIssue(node),
  isOpen: !isClosedState(node.state.type) && node.trashed !== true,
  labels: node.team.id === team ? node.labels.nodes.map(({ name }) => name) : [],
  updatedAt: node.updatedAt,
});

const toComment = (node: CommentNode): TrackedComment | undefined =>
  node.issue === null
    ? undefined
    : { id: node.id, key: node.issue.id, author: authorOfComment(node), body: node.body, updatedAt: node.updatedAt };

/** Linear lists the latest change first; whoever reads on from a moment wants the earliest. */
async function allPages<T extends { readonly id: string }>(
  read: (after: string | null) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const nodes = new Map<string, T>();
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { nodes: listed, pageInfo }: Page<T> = await read(after);
    // Pages shift while they are read: what came twice is as it came first, which is later.
    for (const node of listed) if (!nodes.has(node.id)) nodes.set(node.id, node);
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return [...nodes.values()].toReversed();
}

async function unlessGone<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Failure && error.type === 'NotFound') return undefined;
    throw error;
  }
}
