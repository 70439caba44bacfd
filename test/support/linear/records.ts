// What the stand-in of Linear remembers. Names are those of the published schema.

export interface UserRecord {
  readonly id: string;
  name: string;
  displayName: string;
  active: boolean;
  app: boolean;
  guest: boolean;
  admin: boolean;
  owner: boolean;
  /** Ids of teams. */
  readonly teams: Set<string>;
}

export type StateType = 'triage' | 'backlog' | 'unstarted' | 'started' | 'completed' | 'canceled' | 'duplicate';

export interface StateRecord {
  readonly id: string;
  readonly name: string;
  readonly type: StateType;
  readonly position: number;
  readonly teamId: string;
}

export interface TeamRecord {
  readonly id: string;
  key: string;
  name: string;
  issues: number;
  isPrivate: boolean;
  readonly states: StateRecord[];
}

/** A member, or an integration, or somebody outside. */
export interface Doer {
  readonly userId: string | null;
  readonly bot: string | null;
  readonly external: string | null;
}

export interface HistoryRecord {
  readonly id: string;
  readonly createdAt: string;
  updatedAt: string;
  readonly by: Doer;
  readonly addedLabels?: readonly string[];
  readonly toStateId?: string;
  readonly toTitle?: string;
  readonly updatedDescription?: boolean;
  readonly trashed?: boolean;
}

export interface IssueRecord {
  readonly id: string;
  identifier: string;
  number: number;
  teamId: string;
  title: string;
  description: string;
  stateId: string;
  labels: string[];
  trashed: boolean | null;
  readonly createdAt: string;
  updatedAt: string;
  readonly by: Doer;
  readonly history: HistoryRecord[];
}

export interface CommentRecord {
  readonly id: string;
  readonly issueId: string;
  body: string;
  readonly createdAt: string;
  updatedAt: string;
  readonly by: Doer;
  readonly reactions: { readonly id: string; readonly emoji: string; readonly userId: string }[];
}

export interface AttachmentRecord {
  readonly id: string;
  readonly issueId: string;
  readonly url: string;
  title: string;
  subtitle: string | null;
}

/** Of a team, or of the workspace. */
export interface LabelRecord {
  readonly name: string;
  readonly teamId: string | null;
}

/** As it is set up in Linear; what is sent is for `Webhooks` to say. */
export interface WebhookRecord {
  readonly url: string | null;
  enabled: boolean;
  resourceTypes: readonly string[];
  allPublicTeams: boolean;
  teamId: string | null;
}
