// What our documents read of Linear's objects.

export interface Page<T> {
  readonly nodes: readonly T[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

interface Person {
  readonly id: string;
  readonly displayName: string;
}

/** Who did something: a member, or an integration, a form or a customer who is none. */
export interface Actors {
  readonly botActor: { readonly name: string | null } | null;
}

export interface IssueNode extends Actors {
  readonly id: string;
  readonly identifier: string;
  readonly url: string;
  readonly title: string;
  readonly description: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly trashed: boolean | null;
  readonly team: { readonly id: string };
  readonly state: { readonly type: string };
  readonly labels: { readonly nodes: readonly { readonly name: string }[] };
  readonly creator: Person | null;
  readonly externalUserCreator: { readonly displayName: string } | null;
}

export interface CommentNode extends Actors {
  readonly id: string;
  readonly body: string;
  readonly updatedAt: string;
  /** Null below a project, a document or an update of one. */
  readonly issue: { readonly id: string } | null;
  readonly user: Person | null;
  readonly externalUser: { readonly displayName: string } | null;
}

export interface HistoryNode extends Actors {
  readonly createdAt: string;
  /** Changes of one person in quick succession are one entry. */
  readonly updatedAt: string;
  readonly updatedDescription: boolean | null;
  readonly toTitle: string | null;
  readonly trashed: boolean | null;
  readonly actor: Person | null;
  readonly addedLabels: readonly { readonly name: string }[] | null;
  readonly toState: { readonly type: string } | null;
}

export interface TeamNode {
  readonly id: string;
  readonly key: string;
  readonly name: string;
}

export interface UserNode {
  readonly id: string;
  readonly active: boolean;
  readonly app: boolean;
  readonly guest: boolean;
  readonly admin: boolean;
  readonly owner: boolean;
  readonly teamMemberships: { readonly nodes: readonly { readonly team: { readonly id: string } }[] };
}

export interface ReactionNode {
  readonly emoji: string;
  readonly user: { readonly id: string } | null;
}

export interface StateNode {
  readonly id: string;
  readonly type: string;
  readonly position: number;
}
