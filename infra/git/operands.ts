import { Failure } from '../../domain/failures.js';

/**
 * Every git command the host may run, and whether the installed git takes `--end-of-options` before its
 * operands. `reset`, `checkout`, `commit`, `merge`, `rebase`, `worktree` and `config` are absent on purpose:
 * they run hooks, rewrite metadata, or cannot tell an operand from an option.
 */
export const TAKES_END_OF_OPTIONS = {
  add: true,
  'cat-file': true,
  'check-ignore': true,
  clean: true,
  'commit-tree': false,
  'count-objects': false,
  'diff-index': true,
  'diff-tree': true,
  fetch: true,
  'for-each-ref': true,
  fsck: false,
  gc: false,
  'hash-object': true,
  init: true,
  log: true,
  'ls-files': true,
  'ls-remote': true,
  'ls-tree': true,
  'merge-base': true,
  'merge-tree': true,
  mktree: false,
  'pack-objects': true,
  'patch-id': false,
  push: true,
  'read-tree': true,
  'rev-list': true,
  'rev-parse': true,
  'symbolic-ref': true,
  'update-index': false,
  'update-ref': false,
  version: false,
  'write-tree': false,
} as const satisfies Record<string, boolean>;

export type GitCommand = keyof typeof TAKES_END_OF_OPTIONS;

const OBJECT_ID = /^[0-9a-f]{40}$/;

export const isObjectId = (value: string): boolean => OBJECT_ID.test(value);

/** A full object id, a ref below `refs/`, or one of those with `^{type}` or `:path` behind it. */
const PLAIN_OPERAND = /^(?:[0-9a-f]{40}|refs\/[^\0-\x20\x7f:^~?*[\\]+|HEAD)(?:\^\{[a-z]*\}|:[^\0]*)?$/;

/** Commands whose operands are addresses, refspecs or directories; those are checked where they are built. */
const FREE_OPERANDS: ReadonlySet<GitCommand> = new Set([
  'init',
  'fetch',
  'push',
  'ls-remote',
  'for-each-ref',
  'pack-objects',
]);

/** @throws InvalidInput for an operand that git could read as an option or resolve by its own guessing */
export function checkOperands(command: GitCommand, operands: readonly string[]): void {
  for (const operand of operands) {
    const plain = FREE_OPERANDS.has(command) ? /^[^-\0][^\0]*$/.test(operand) : isPlain(operand);
    if (!plain) throw new Failure('InvalidInput', `git ${command} was given an operand that is no object or ref`);
  }
}

/** Ranges (`a..b`) are two plain operands; a leading `^` excludes one. */
const isPlain = (operand: string): boolean =>
  operand
    .replace(/^\^/, '')
    .split('..')
    .every((side) => PLAIN_OPERAND.test(side));

/** @throws InvalidInput unless it is a full SHA-1 object id */
export function requireObjectId(value: string, what = 'commit'): string {
  if (!isObjectId(value)) throw new Failure('InvalidInput', `${what} must be a full object id of 40 hex digits`);
  return value;
}
