import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import type { HomeLayout } from '../config.js';
import { tryOwnerLock } from '../owner-lock.js';
import { removeDirectory } from '../remove-directory.js';

/** What Millwright makes in a home, beside what the layout names. `host.yml` is the person's own. */
const OTHERS = ['sandbox', 'check-results'];

/** Everything of a home that is ours, in the order in which it goes: what says that it runs is last. */
export const ownParts = (layout: HomeLayout): readonly string[] =>
  [
    ...[layout.trees, layout.layers, layout.mirrors, layout.forge, layout.artifacts, layout.temporal, layout.postgres],
    ...OTHERS.map((name) => join(layout.home, name)),
    ...[layout.logs, layout.secrets, layout.state],
  ].filter(existsSync);

/**
 * Removes what a stopped instance has in its home, and nothing that anybody else put there.
 * @returns what is left in the home; undefined when the home itself went
 * @throws InvalidState where no instance ever was; Conflict when it runs
 */
export const purgeHome = async (layout: HomeLayout): Promise<readonly string[] | undefined> => {
  if (!existsSync(layout.portsFile) && !existsSync(layout.restoreFile)) {
    throw new Failure('InvalidState', `There is nothing to remove: Millwright never ran in ${layout.home}.`);
  }
  const attempt = tryOwnerLock(layout.lockFile);
  if (attempt.kind === 'taken') {
    throw new Failure('Conflict', `Process ${attempt.owner.pid} is using ${layout.home}.`);
  }
  // The lock goes with the directory that it lies in.
  for (const path of ownParts(layout)) await removeDirectory(path);
  const left = readdirSync(layout.home);
  if (left.length > 0) return left;
  rmdirSync(layout.home);
  return undefined;
};
