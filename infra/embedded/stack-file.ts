import { existsSync, readFileSync } from 'node:fs';
import { replaceFile } from '../atomic-file.js';
import type { HomeLayout } from '../config.js';
import { lockOwner } from '../owner-lock.js';
import type { ProcessIdentity } from '../process-identity.js';
import type { ProcessView } from './supervised-process.js';

/** What runs in a home and where, for the command line and for people. Holds no secret. */
export interface StackFacts {
  readonly supervisor: ProcessIdentity;
  readonly phase: 'starting' | 'ready' | 'stopping';
  readonly startedAt: string;
  readonly apiUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Absent for a server that we do not run. */
  readonly temporalUiUrl: string | undefined;
  readonly database: 'embedded' | 'external';
  readonly processes: readonly ProcessView[];
}

export const writeStackFacts = (layout: HomeLayout, facts: StackFacts): void =>
  replaceFile(layout.stackFile, `${JSON.stringify(facts, undefined, 2)}\n`);

/** The facts of the instance that runs in this home now; undefined when none does. */
export const readStackFacts = (layout: HomeLayout): StackFacts | undefined => {
  const owner = lockOwner(layout.lockFile);
  if (owner === undefined || !existsSync(layout.stackFile)) return undefined;
  const facts = JSON.parse(readFileSync(layout.stackFile, 'utf8')) as StackFacts; // written by writeStackFacts
  // The file of a dead predecessor, while its successor has not come so far.
  return facts.supervisor.pid === owner.pid && facts.supervisor.startedAt === owner.startedAt ? facts : undefined;
};
