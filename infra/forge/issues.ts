import type { Actor } from '../../domain/forge/actors.js';

/** Each has keys of its own form, so that those of one project's trackers never meet. */
export const TRACKER_KINDS = ['github', 'linear'] as const;
export type TrackerKind = (typeof TRACKER_KINDS)[number];

/** Asks for an epic. */
export const LABEL = 'millwright';

export interface TrackedPerson {
  /** What the tracker knows them by; who is none of its people has an id that it does not know. */
  readonly id: string;
  /** What people call them there. */
  readonly name: string;
}

/** An issue as its tracker shows it now. */
export interface TrackedIssue {
  /** Stays, whatever is done to the issue: GitHub's number, Linear's UUID. */
  readonly key: string;
  /** What people call it: `#12`, `ENG-123`. */
  readonly name: string;
  readonly url: string;
  readonly title: string;
  readonly body: string;
  readonly author: TrackedPerson;
  readonly isOpen: boolean;
  readonly labels: readonly string[];
  /** When anything about it changed last, comments included; by the tracker's clock, ISO 8601 UTC. */
  readonly updatedAt: string;
}

export interface TrackedComment {
  readonly id: string;
  /** Of its issue, or of its pull request where the tracker has those. */
  readonly key: string;
  readonly author: TrackedPerson;
  readonly body: string;
  /** By the tracker's clock: also when it was edited last. */
  readonly updatedAt: string;
}

export type Reaction = 'eyes' | '+1' | '-1' | 'confused';

export interface LabelSet {
  readonly by: TrackedPerson;
  readonly at: string;
}

/** What an issue shows of its epic beside the comments. */
export interface ShownWork {
  readonly title: string;
  /** Of the epic, where somebody can open it. Absent: there is no such place. */
  readonly url?: string;
}

/**
 * Where issues are. Reads say what is there now; writes are ours alone and look first for what a lost answer left.
 * Undefined stands for what is gone, or is no issue.
 */
export interface IssueTracker {
  readonly kind: TrackerKind;
  /** Whether comments and issues of this author are ours. */
  isOurs(projectId: string, author: TrackedPerson): Promise<boolean>;
  readIssue(projectId: string, key: string, signal?: AbortSignal): Promise<TrackedIssue | undefined>;
  /** Those of them that are there. */
  readIssues(projectId: string, keys: readonly string[], signal?: AbortSignal): Promise<readonly TrackedIssue[]>;
  /** Who set the label last; undefined when it is not known. */
  whoLabelled(projectId: string, key: string, label: string, signal?: AbortSignal): Promise<LabelSet | undefined>;
  /** Who closed it last; undefined when it is not known. */
  whoClosed(projectId: string, key: string, signal?: AbortSignal): Promise<TrackedPerson | undefined>;
  /** Open issues with the label, and closed ones, that changed since; the earliest change first. */
  listIssues(
    projectId: string,
    filter: { readonly label: string; readonly since: string },
    signal?: AbortSignal,
  ): Promise<readonly TrackedIssue[]>;
  readComment(projectId: string, id: string, signal?: AbortSignal): Promise<TrackedComment | undefined>;
  /** Of all issues and pull requests, that changed since; the earliest change first. */
  listComments(projectId: string, since: string, signal?: AbortSignal): Promise<readonly TrackedComment[]>;
  /** What the person may do there now. */
  readActor(projectId: string, person: TrackedPerson, signal?: AbortSignal): Promise<Actor>;
  /** Ours with the marker on that page. */
  findOwnComment(projectId: string, key: string, marker: string, signal?: AbortSignal): Promise<string | undefined>;
  createComment(projectId: string, comment: OwnText, signal?: AbortSignal): Promise<string>;
  /** @throws NotFound when somebody deleted it */
  editComment(projectId: string, id: string, comment: OwnText, signal?: AbortSignal): Promise<void>;
  /** Once, however often it is asked for. */
  react(projectId: string, commentId: string, reaction: Reaction, signal?: AbortSignal): Promise<void>;
  /** Shows that it is worked on, where the tracker has more than open and closed; what people set since then stays. */
  showBegun(projectId: string, key: string, work: ShownWork, signal?: AbortSignal): Promise<void>;
  /** As completed; closed already is success. */
  closeIssue(projectId: string, key: string, signal?: AbortSignal): Promise<void>;
}

export interface OwnText {
  /** Of the issue or pull request. */
  readonly key: string;
  /** Names the comment among ours on that page. */
  readonly marker: string;
  /** Has passed the output gate. */
  readonly text: string;
}
