import type { HintSubject } from '../../../domain/forge/hint.js';
import type { Forge } from '../../../infra/forge/port.js';
import type { ProjectRepositories } from '../../../infra/git/mirrors.js';
import type { Pools } from '../../../infra/pg/pools.js';
import type { GateDeps } from '../gates/ports.js';
import type { IssueDeps } from '../issues/ports.js';

export interface WatchDeps {
  /** Absent where no tracker is configured. */
  readonly issues?: IssueDeps;
  /** Absent where nothing shows gates. */
  readonly gates?: GateDeps;
  readonly pools: Pools;
  readonly forge: Forge;
  readonly mirrors: ProjectRepositories;
  /** Absent where nothing is delivered, or nothing of it can be asked for again. */
  readonly redeliverFailed?: (signal: AbortSignal) => Promise<number>;
}

/** One project that is looked at. */
export interface Watched {
  readonly deps: WatchDeps;
  readonly projectId: string;
  /** Others push to its forge too. */
  readonly isShared: boolean;
  readonly signal: AbortSignal;
}

type SubjectKind = Exclude<HintSubject['kind'], 'none'>;
export type SubjectOf<K extends SubjectKind> = Extract<HintSubject, { readonly kind: K }>;

/** Reads one thing at the forge anew and acts on what it finds; repeatable. @returns what it did, in a word */
export type Look<K extends SubjectKind> = (watched: Watched, subject: SubjectOf<K>) => Promise<string>;

/** What is done about each kind of subject. */
export type Looks = { readonly [K in SubjectKind]: Look<K> };

/** One part of what is looked at without a delivery. */
export type Reconciliation = (watched: Watched) => Promise<void>;
