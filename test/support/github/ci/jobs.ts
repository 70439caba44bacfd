import type { Annotation, Conclusion } from '../state/checks.js';

/** What a job is run for. */
export interface JobRequest {
  readonly repository: string;
  readonly branch: string;
  readonly sha: string;
  /** 1 at first, more when it is run again. */
  readonly attempt: number;
}

export type JobResult =
  | {
      readonly kind: 'completed';
      readonly conclusion: Conclusion;
      readonly log?: string;
      readonly summary?: string;
      readonly annotations?: readonly Annotation[];
      /** Reported so much later. */
      readonly afterMs?: number;
    }
  /** Stays in progress for ever. */
  | { readonly kind: 'never' };

export type JobWork =
  /** Runs it in a fresh copy of the commit's tree; exit code 0 is success. */
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly timeoutMs?: number }
  | { readonly kind: 'script'; readonly decide: (request: JobRequest) => JobResult | Promise<JobResult> };

export interface Job {
  /** Of the check run: the context that a rule may require. */
  readonly name: string;
  readonly work: JobWork;
}

/** What goes wrong by chance with jobs that would have succeeded; all in [0, 1]. */
export interface Unreliability {
  /** Fails, and may succeed when it is run again. */
  readonly flaky?: number;
  readonly never?: number;
  readonly late?: number;
  /** Default 1,000. */
  readonly lateMs?: number;
  /** Default 1. */
  readonly seed?: number;
}

export interface Pipeline {
  readonly repository: string;
  /** Globs of branches; default all. */
  readonly branches?: readonly string[];
  readonly jobs: readonly Job[];
  readonly unreliability?: Unreliability;
}
