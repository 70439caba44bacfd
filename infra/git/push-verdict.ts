import { Failure } from '../../domain/failures.js';
import { firstWords, gitFailure } from './git-failures.js';
import type { PushInput } from './push.js';

export interface Said {
  readonly exitCode: number;
  /** With what hooks of the remote have printed. */
  readonly stderr: string;
  /** What the remote itself says of the refs that it did not take. */
  readonly rejected: string;
}

/** Of git's porcelain: a line for each ref. */
export const rejections = (porcelain: string): string =>
  [...new Set([...porcelain.matchAll(/\[remote rejected\] \((.*)\)$/gm)].map(([, why]) => why))].join('; ');

/** Not of a repository that is busy or broken for the moment. */
const REFUSED = /protected|hook declined|pre-receive|denied|GH\d{3}|deny|prohibited|refusing to/i;

/**
 * After a refused or unknown push the remote's own refs say what happened.
 * @returns the refs whose lease was stale; empty = every ref is as wanted
 * @throws PermissionDenied (`PUSH_REFUSED`) when the remote will not take it; Unavailable when it may the next time
 */
export function judge(refs: readonly PushInput[], now: ReadonlyMap<string, string>, said: Said): readonly string[] {
  // The push is atomic: one ref that got its new commit means that all did.
  const applied = refs.some(({ ref, to, expected }) => to !== expected && now.get(ref) === to);
  if (applied || refs.every(({ ref, to }) => now.get(ref) === to)) return [];
  const stale = refs.filter(({ ref, expected, to }) => now.get(ref) !== expected && now.get(ref) !== to);
  if (stale.length > 0) return stale.map(({ ref }) => ref);
  const words = [said.rejected, said.stderr].filter(Boolean).join(': ');
  if (REFUSED.test(words))
    throw new Failure('PermissionDenied', `the forge refused the push: ${firstWords(words)}`, {
      reason: 'PUSH_REFUSED',
    });
  const failure = gitFailure('push', said.exitCode, said.stderr);
  // Nothing moved and nobody refused: the same push may succeed.
  throw failure.type === 'Internal' || failure.type === 'Conflict'
    ? new Failure('Unavailable', failure.message, { reason: 'PUSH_UNKNOWN' }, { cause: failure })
    : failure;
}
