import type { RunKind, RunState } from '../../domain/states.js';
import type { ConflictFile } from '../contract/activities/git.js';
import type { MailTemplate } from '../contract/activities/mail.js';
import type { RunContext } from '../contract/activities/store.js';
import type { TaskOutcome } from '../contract/task.js';

/** The run that is due. */
export interface NextRun {
  readonly kind: RunKind;
  readonly context: RunContext;
  /** First run of an attempt: the task is PENDING until it has a slot and a tree. */
  readonly opensAttempt: boolean;
}

/** The same run, told of more mail. */
export const withMail = (next: NextRun, mailIds: readonly string[]): NextRun => {
  const all = [...new Set([...(next.context.mailIds ?? []), ...mailIds])];
  return all.length === 0 ? next : { ...next, context: { ...next.context, mailIds: all } };
};

export interface LiveRun {
  readonly runId: string;
  readonly state: RunState;
  /** Its own words. */
  readonly waitingFor?: string;
  readonly next: NextRun;
  /** Workflow time of the last word from it. */
  readonly heardAtMs: number;
  /** The hold it was told to be under. */
  readonly held: boolean;
  /** An answer that it waits for has come, so it wants a slot again. */
  readonly answering: boolean;
  readonly stopTold: boolean;
}

/** A merge of tip and head that lies in the tree and is not committed yet. */
export interface Merging {
  readonly tip: string;
  readonly files: readonly ConflictFile[];
  /** The tree alone holds it: nothing but a checkpoint can bring it back. */
  readonly clean: boolean;
}

export interface Blocked {
  readonly kind: 'blocked';
  readonly reason: string;
  readonly waitingFor: string;
  /** The question that went out; absent when people were not asked by mail. */
  readonly mail?: {
    readonly mailId: string;
    readonly template: MailTemplate;
    /** To the person who filed the work, where a supervisor is asked otherwise. */
    readonly toPerson: boolean;
    readonly sent: boolean;
  };
  /** Any mail may hold the help that was asked for, not only the answer. */
  readonly anyMail: boolean;
  readonly goal: Exclude<Stage, Blocked>;
}

/** Who woke it, where that was mail. */
export const BY_MAIL = 'mail';

/** Who took its entry out of the queue, where that was its own pause. */
export const BY_PAUSE = 'its paused task';

/** Where the work stands. What a stage needs beside this is in the task's state. */
export type Stage =
  | { readonly kind: 'run'; readonly next: NextRun }
  | { readonly kind: 'running' }
  | { readonly kind: 'commit'; readonly summary: string }
  | { readonly kind: 'verify'; readonly tries: number; readonly notBeforeMs: number }
  /** The base itself is red; `told` once the queue knows. */
  | {
      readonly kind: 'lane';
      readonly tip: string;
      readonly checks: NonNullable<RunContext['failedChecks']>;
      readonly told: boolean;
      readonly untilMs: number;
    }
  | { readonly kind: 'publish' }
  | { readonly kind: 'headPushed' }
  | { readonly kind: 'enqueue'; readonly notBeforeMs: number }
  | { readonly kind: 'queued' }
  /** Merge `tip` (absent: the tip of the task's merge branch) into the tree. */
  | {
      readonly kind: 'merge';
      readonly tip?: string;
      readonly opensAttempt: boolean;
    }
  /** Ends once everything is given back: a retry may begin as soon as the row says FAILED. */
  | { readonly kind: 'failing'; readonly reason: string }
  | { readonly kind: 'end'; readonly outcome: TaskOutcome }
  | Blocked;
