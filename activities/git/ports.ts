import type { Forge } from '../../infra/forge/port.js';
import type { ProjectRepositories } from '../../infra/git/mirrors.js';
import type { Trees } from '../../infra/git/trees.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { EngineActivities } from '../../workflows/contract/activities/engine.js';
import type { SessionSandbox } from '../sandbox/command.js';

/** What every git and forge activity works with. */
export interface GitDeps {
  readonly pools: Pools;
  readonly forge: Forge;
  readonly mirrors: ProjectRepositories;
}

export interface SetupInput {
  readonly projectId: string;
  /** Whose configuration says what `setup` is. */
  readonly commit: string;
  /** Directory of the tree's files. */
  readonly tree: string;
  readonly signal?: AbortSignal | undefined;
}

export interface SetupOutputs {
  readonly key: string;
  /** Relative to the tree's root. */
  readonly outputs: readonly string[];
}

/** Dependencies and other outputs of a repository's `setup`. */
export interface TreeSetup {
  /** What the commit's tree needs, without making it; undefined = it has no setup. */
  describe(input: SetupInput): Promise<SetupOutputs | undefined>;
  /** Makes them, once per key, and copies them into the tree. @throws Unavailable when setup fails */
  install(input: SetupInput): Promise<void>;
}

export interface TreeDeps extends GitDeps {
  readonly trees: Trees;
  readonly setup: TreeSetup;
  readonly engine: Pick<EngineActivities, 'describeWorkflows'>;
  /** Whoever may still hold a tree that is given back. */
  readonly sandbox: Pick<SessionSandbox, 'endSessions'>;
  /** More to clean with a host: left-over sandboxes. */
  readonly cleaners: readonly HostCleaner[];
}

/** Answers how many things it removed. `start`: nothing is in use yet, so whatever lies there is a ruin. */
export type HostCleaner = (when: 'start' | 'sweep') => Promise<number>;
