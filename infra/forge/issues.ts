import type { Actor } from '../../domain/forge/actors.js';

/** An issue as its tracker shows it now. */
export interface TrackedIssue {
  readonly number: number;
  readonly url: string;
  readonly title: string;
  readonly body: string;
  readonly author: string;
  readonly isOpen: boolean;
  /** Who closed it, while it is closed and the tracker says so. */
  readonly closedBy: string | null;
  readonly labels: readonly string[];
  /** When anything about it changed last, comments included; by the tracker's clock, ISO 8601 UTC. */
  readonly updatedAt: string;
}

export interface TrackedComment {
  readonly id: number;
  /** Of its issue or pull request. */
  readonly number: number;
  readonly author: string;
  readonly body: string;
  /** By the tracker's clock: also when it was edited last. */
  readonly updatedAt: string;
}

export type Reaction = 'eyes' | '+1' | '-1' | 'confused';

export interface LabelSet {
  readonly by: string;
  readonly at: string;
}

/**
 * Where issues are. Reads say what is there now; writes are ours alone and look first for what a lost answer left.
 * Undefined stands for what is gone, or is no issue.
 */
export interface IssueTracker {
  /** Whether comments and issues of this author are ours. */
  isOurs(projectId: string, author: string): Promise<boolean>;
  readIssue(projectId: string, number: number, signal?: AbortSignal): Promise<TrackedIssue | undefined>;
  /** Who set the label last; undefined when it is not known. */
  whoLabelled(projectId: string, number: number, label: string, signal?: AbortSignal): Promise<LabelSet | undefined>;
  /** Open issues with the label, and closed ones, that changed since; the earliest change first. */
  listIssues(
    projectId: string,
    filter: { readonly label: string; readonly since: string },
    signal?: AbortSignal,
  ): Promise<readonly TrackedIssue[]>;
  readComment(projectId: string, id: number, signal?: AbortSignal): Promise<TrackedComment | undefined>;
  /** Of all issues and pull requests, that changed since; the earliest change first. */
  listComments(projectId: string, since: string, signal?: AbortSignal): Promise<readonly TrackedComment[]>;
  /** What the person may do there now. */
  readActor(projectId: string, login: string, signal?: AbortSignal): Promise<Actor>;
  /** Ours with the marker on that page. */
  findOwnComment(projectId: string, number: number, marker: string, signal?: AbortSignal): Promise<number | undefined>;
  createComment(projectId: string, comment: OwnText, signal?: AbortSignal): Promise<number>;
  /** @throws NotFound when somebody deleted it */
  editComment(projectId: string, id: number, comment: OwnText, signal?: AbortSignal): Promise<void>;
  /** Once, however often it is asked for. */
  react(projectId: string, commentId: number, reaction: Reaction, signal?: AbortSignal): Promise<void>;
  /** As completed; closed already is success. */
  closeIssue(projectId: string, number: number, signal?: AbortSignal): Promise<void>;
}

export interface OwnText {
  /** Of the issue or pull request. */
  readonly number: number;
  /** Names the comment among ours on that page. */
  readonly marker: string;
  /** Has passed the output gate. */
  readonly text: string;
}
