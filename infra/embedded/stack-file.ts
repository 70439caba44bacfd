import { replaceFile } from '../atomic-file.js';
import type { HomeLayout } from '../config.js';
import { readJsonFile } from '../json-file.js';
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

/** The facts of the instance that runs in this home now; undefined when none does. @throws InvalidState when damaged */
export const readStackFacts = (layout: HomeLayout): StackFacts | undefined => {
  const owner = lockOwner(layout.lockFile);
  if (owner === undefined) return undefined;
  const fields = readJsonFile(layout.stackFile, 'stop Millwright (millwright down) and start it again');
  const facts = fields as StackFacts | undefined; // written by writeStackFacts
  // The file of a dead predecessor, while its successor has not come so far.
  const isOwners = facts?.supervisor?.pid === owner.pid && facts.supervisor.startedAt === owner.startedAt;
  return isOwners ? facts : undefined;
};
