import type { ForgeChecks } from '../../../infra/forge/checks.js';
import type { Forge } from '../../../infra/forge/port.js';
import type { ProjectRepositories } from '../../../infra/git/mirrors.js';
import type { Pools } from '../../../infra/pg/pools.js';
import type { Blobs } from '../ports.js';

/** Wakes whoever waits for news of a commit. */
export interface CommitNews {
  follow(sha: string): FollowedCommit;
}

export interface FollowedCommit {
  /** Until there may be news since the last wait, or `ms` have passed. Rejects when the signal says stop. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface ForgeCiDeps {
  readonly pools: Pools;
  readonly checks: ForgeChecks;
  readonly forge: Pick<Forge, 'remote'>;
  readonly mirrors: ProjectRepositories;
  readonly blobs: Blobs;
  readonly news: CommitNews;
  /** How often it is looked without news. */
  readonly pollMs: number;
  /** The longest that a context may take. */
  readonly timeoutMs: number;
}
