import type { GateReports } from '../../../infra/forge/gate-reports.js';
import type { Forge } from '../../../infra/forge/port.js';
import type { TestDatabase } from '../../support/postgres.js';

/** One forge with one prepared project, and what happens there without us. */
export interface ForgeSite {
  readonly forge: Forge;
  readonly projectId: string;
  /** The same forge from another process, which remembers nothing. */
  another(): Forge;
  /** Absent where nothing shows gates. */
  readonly gates?: ShownGates;
  /** Does the work while one answer on the way to us is lost: what it was about is done all the same. */
  losing<T>(answer: 'opened' | 'said' | 'closed', work: () => Promise<T>): Promise<T>;
  /** Somebody else's, whose head is pushed already. */
  openByStranger(head: string, base: string): Promise<void>;
  /** What people do on the page of a pull request. */
  change(number: number, change: { readonly draft?: boolean; readonly label?: string }): Promise<void>;
  /** Everything that its page says in words of ours. */
  wordsOn(number: number): Promise<string>;
  /** Time goes by: what is shown late is shown. */
  wait(): Promise<void>;
  close(): Promise<void>;
}

export interface ShownGates {
  /** From another process, which remembers nothing. */
  another(): GateReports;
  /** Name, standing and title of everything that a commit was told, oldest first. */
  shown(sha: string): readonly (readonly [string, string, string])[];
}

export type OpenSite = (database: TestDatabase) => Promise<ForgeSite>;
