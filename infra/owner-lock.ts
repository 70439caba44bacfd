import { mkdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failures.js';
import { createFile } from './atomic-file.js';
import { readJsonFile } from './json-file.js';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.js';

export interface OwnerLock {
  release(): void;
}

export type LockAttempt =
  | { readonly kind: 'held'; readonly lock: OwnerLock }
  | { readonly kind: 'taken'; readonly owner: ProcessIdentity };

/**
 * Tries to take a lock file for this process. A dead owner holds nothing: its lock is taken over, by one contender
 * only. Works between processes of one machine and one process namespace.
 */
export const tryOwnerLock = (path: string): LockAttempt => {
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    if (createFile(path, JSON.stringify(ownIdentity()))) return { kind: 'held', lock: heldLock(path) };
    const owner = readOwner(path);
    if (owner === undefined) continue; // released between the two looks
    if (isAlive(owner)) return { kind: 'taken', owner };
    // Two contenders may both see the same dead owner; only the one that holds the claim on *that* owner removes its
    // lock, so that the slower one cannot remove the faster one's.
    const claim = tryOwnerLock(`${path}.after-${nameOf(owner)}`);
    if (claim.kind === 'taken') continue; // being taken over right now
    const current = readOwner(path);
    if (current !== undefined && nameOf(current) === nameOf(owner)) unlinkSync(path);
    claim.lock.release();
  }
};

/** A second release does nothing: the file may be another owner's by then. */
const heldLock = (path: string): OwnerLock => {
  let isHeld = true;
  return {
    release: () => {
      if (isHeld) unlinkSync(path);
      isHeld = false;
    },
  };
};

/** Waits for the lock for as long as its owner lives. @throws the signal's reason */
export const waitForOwnerLock = async (
  path: string,
  { onWait, signal }: { readonly onWait?: (owner: ProcessIdentity) => void; readonly signal?: AbortSignal } = {},
): Promise<OwnerLock> => {
  for (let hasWaited = false; ; hasWaited = true) {
    const attempt = tryOwnerLock(path);
    if (attempt.kind === 'held') return attempt.lock;
    if (!hasWaited) onWait?.(attempt.owner);
    await sleep(100, undefined, { signal });
  }
};

/** Who holds the lock now; a dead owner counts as nobody. */
export const lockOwner = (path: string): ProcessIdentity | undefined => {
  const owner = readOwner(path);
  return owner !== undefined && isAlive(owner) ? owner : undefined;
};

const nameOf = ({ pid, startedAt }: ProcessIdentity): string => `${pid}-${startedAt.replace(/\W/g, '')}`;

/** @throws InvalidState when the file is damaged: nobody can say then whether its owner lives */
const readOwner = (path: string): ProcessIdentity | undefined => {
  const remedy = 'remove it when no Millwright runs there';
  const fields = readJsonFile(path, remedy);
  if (fields === undefined) return undefined;
  const { pid, startedAt } = fields;
  // 0 and below would signal groups of processes.
  if (typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 && typeof startedAt === 'string')
    return { pid, startedAt };
  throw new Failure('InvalidState', `${path} is damaged: ${remedy}.`, { file: path });
};
