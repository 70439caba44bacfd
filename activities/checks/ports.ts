import type { TreeFile } from '../../domain/evidence.js';
import type { ConfigOverrides } from '../../domain/project-config/types.js';
import type { CheckRun } from '../../workflows/contract/activities/checks.js';

/** Git, as checks need it. Commits are fetched when they are not here yet. */
export interface CheckTrees {
  /** Every file of the commit, in git's order. @throws NotFound */
  listFiles(projectId: string, commit: string, signal?: AbortSignal): Promise<readonly TreeFile[]>;
  /** A regular file's text; undefined when there is none. */
  readFile(projectId: string, commit: string, path: string, signal?: AbortSignal): Promise<string | undefined>;
  /** A tree of the service user with exactly the files of the commit, for this one use. */
  acquire(input: AcquireCheckTree): Promise<CheckTree>;
}

export interface AcquireCheckTree {
  readonly projectId: string;
  readonly commit: string;
  /** Names the use; asked again after a crash it answers a tree as fresh as the first. */
  readonly ownerId: string;
  readonly signal?: AbortSignal | undefined;
}

export interface CheckTree {
  /** Directory of the files on the host. */
  readonly path: string;
  release(): Promise<void>;
}

export interface Blobs {
  /** Keeps a text and answers its reference. */
  put(text: string): Promise<string>;
}

/** Facts about the project that the checks depend on. */
export interface CheckProjects {
  /** @throws NotFound */
  overrides(projectId: string): Promise<ConfigOverrides>;
  /** Usual duration by check name, of recorded runs. */
  usualMs(projectId: string): Promise<Readonly<Record<string, number>>>;
}

export interface RunClaim {
  readonly key: string;
  readonly buildId: string;
  readonly purpose: string;
  readonly only: readonly string[];
}

/** Results of finished runs, for the attempt that follows one whose answer was lost. */
export interface CheckResults {
  find(claim: RunClaim): Promise<CheckRun | undefined>;
  keep(claim: RunClaim, run: CheckRun): Promise<void>;
}
