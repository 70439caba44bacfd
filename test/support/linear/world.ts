import { randomUUID } from 'node:crypto';
import type {
  AttachmentRecord,
  CommentRecord,
  Doer,
  HistoryRecord,
  IssueRecord,
  LabelRecord,
  StateRecord,
  StateType,
  TeamRecord,
  UserRecord,
  WebhookRecord,
} from './records.js';

const STATES: readonly (readonly [string, StateType])[] = [
  ['Backlog', 'backlog'],
  ['Todo', 'unstarted'],
  ['In Review', 'started'],
  ['In Progress', 'started'],
  ['Done', 'completed'],
  ['Canceled', 'canceled'],
  ['Duplicate', 'duplicate'],
];
/** As Linear shows them: what stands first is not always what was made first. */
const POSITIONS: Readonly<Record<string, number>> = { 'In Progress': 2.5 };

export type Happening =
  | { readonly kind: 'Issue'; readonly action: 'create' | 'update' | 'remove'; readonly issue: IssueRecord }
  | { readonly kind: 'Comment'; readonly action: 'create' | 'update' | 'remove'; readonly comment: CommentRecord };

/** Everything that one workspace holds, and the only place that changes it. */
export class LinearWorld {
  readonly organizationId = randomUUID();
  readonly users = new Map<string, UserRecord>();
  readonly teams = new Map<string, TeamRecord>();
  readonly issues = new Map<string, IssueRecord>();
  readonly comments = new Map<string, CommentRecord>();
  /** Ids of comments that somebody deleted: Linear never gives them away again. */
  readonly deletedComments = new Set<string>();
  readonly attachments: AttachmentRecord[] = [];
  labels: readonly LabelRecord[] = [{ name: 'millwright', teamId: null }];
  readonly webhooks: WebhookRecord[] = [];
  /** Secret → id of the user that it stands for. */
  readonly keys = new Map<string, string>();
  private lastMs = 0;

  constructor(private readonly onHappening: (happening: Happening) => void) {}

  addUser(
    displayName: string,
    { teams = [], ...fields }: Partial<Omit<UserRecord, 'teams'>> & { teams?: string[] } = {},
  ): UserRecord {
    const roles = { active: true, app: false, guest: false, admin: false, owner: false };
    const user: UserRecord = {
      id: randomUUID(),
      name: displayName,
      displayName,
      ...roles,
      ...fields,
      teams: new Set(teams.map((key) => this.team(key).id)),
    };
    this.users.set(user.id, user);
    return user;
  }

  addTeam(key: string): TeamRecord {
    const id = randomUUID();
    const states = STATES.map(([name, type], at): StateRecord => {
      const position = POSITIONS[name] ?? at + 1;
      return { id: randomUUID(), name, type, position, teamId: id };
    });
    const team: TeamRecord = { id, key, name: `Team ${key}`, issues: 0, isPrivate: false, states };
    this.teams.set(id, team);
    return team;
  }

  team(key: string): TeamRecord {
    return found(
      [...this.teams.values()].find((team) => team.key === key),
      `team ${key}`,
    );
  }

  user(displayName: string): UserRecord {
    return found(
      [...this.users.values()].find((user) => user.displayName === displayName),
      displayName,
    );
  }

  /** In the settings of the workspace. */
  addWebhook(url: string | null, fields: Partial<WebhookRecord> = {}): WebhookRecord {
    const all = { enabled: true, resourceTypes: ['Issue', 'Comment'], allPublicTeams: true, teamId: null };
    const webhook = { url, ...all, ...fields };
    this.webhooks.push(webhook);
    return webhook;
  }

  state(id: string): StateRecord {
    const all = [...this.teams.values()].flatMap(({ states }) => states);
    return found(
      all.find((state) => state.id === id),
      `state ${id}`,
    );
  }

  openIssue(
    by: Doer,
    team: TeamRecord,
    fields: Pick<IssueRecord, 'title' | 'description'> & { labels: string[] },
  ): IssueRecord {
    team.issues += 1;
    const now = this.now();
    const issue: IssueRecord = {
      ...fields,
      id: randomUUID(),
      number: team.issues,
      identifier: `${team.key}-${team.issues}`,
      teamId: team.id,
      stateId: found(team.states[0], 'a first state').id,
      trashed: null,
      createdAt: now,
      updatedAt: now,
      by,
      history: [],
    };
    this.issues.set(issue.id, issue);
    this.onHappening({ kind: 'Issue', action: 'create', issue });
    return issue;
  }

  /** Keeps who did what, as Linear's history has it. */
  change(
    issue: IssueRecord,
    by: Doer,
    fields: Partial<Pick<IssueRecord, 'title' | 'description' | 'stateId' | 'labels' | 'trashed' | 'teamId'>>,
  ): void {
    const now = this.now();
    const added = fields.labels?.filter((name) => !issue.labels.includes(name));
    const entry: HistoryRecord = {
      id: randomUUID(),
      createdAt: now,
      updatedAt: now,
      by,
      ...(added?.length ? { addedLabels: added } : {}),
      ...(fields.stateId === undefined ? {} : { toStateId: fields.stateId }),
      ...(fields.title === undefined ? {} : { toTitle: fields.title }),
      ...(fields.description === undefined ? {} : { updatedDescription: true }),
      ...(fields.trashed ? { trashed: true } : {}),
    };
    Object.assign(issue, fields, { updatedAt: now });
    issue.history.push(entry);
    this.onHappening({ kind: 'Issue', action: fields.trashed ? 'remove' : 'update', issue });
  }

  addComment(by: Doer, issueId: string, body: string, id: string = randomUUID()): CommentRecord {
    const now = this.now();
    const comment: CommentRecord = { id, issueId, body, createdAt: now, updatedAt: now, by, reactions: [] };
    this.comments.set(id, comment);
    this.onHappening({ kind: 'Comment', action: 'create', comment });
    return comment;
  }

  editComment(comment: CommentRecord, body: string): void {
    comment.body = body;
    comment.updatedAt = this.now();
    this.onHappening({ kind: 'Comment', action: 'update', comment });
  }

  deleteComment(comment: CommentRecord): void {
    this.comments.delete(comment.id);
    this.deletedComments.add(comment.id);
    this.onHappening({ kind: 'Comment', action: 'remove', comment });
  }

  /** Never the same moment twice: what changes is told apart by it. */
  now(): string {
    this.lastMs = Math.max(Date.now(), this.lastMs + 1);
    return new Date(this.lastMs).toISOString();
  }
}

export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the stand-in of Linear knows no ${what}`);
  return value;
}
