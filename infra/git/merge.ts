import { Failure } from '../../domain/failures.js';
import { gitFailure } from './git-failures.js';
import { isObjectId, requireObjectId } from './operands.js';
import { pathText, type Repository, splitNul } from './repository.js';

/** What git knows about one conflict. `kind` is git's own short type, such as `CONFLICT (contents)`. */
export interface MergeNote {
  readonly paths: readonly string[];
  readonly kind: string;
  readonly text: string;
}

export type MergeResult =
  | { readonly kind: 'clean'; readonly tree: string }
  | {
      readonly kind: 'conflict';
      /** A tree with conflict markers in it. */
      readonly tree: string;
      readonly files: readonly string[];
      readonly notes: readonly MergeNote[];
    };

/** Of the empty tree, so that attributes of no branch reach a merge, also from git 2.43 on. */
const NO_ATTRIBUTES = ['attr.tree=4b825dc642cb6eb9a060e54bf8d69288fbee4904'];
/** Fixed, because their defaults decide whether a merge is clean. */
const MERGE_CONFIG = [
  'merge.renames=true',
  'merge.directoryRenames=conflict',
  'merge.conflictStyle=merge',
  ...NO_ATTRIBUTES,
];

/**
 * Merges two commits in memory, in the bare repository: no working tree, index, hook, filter or driver.
 * Exit code 1 means a conflict only when the output starts with a tree; a missing object answers 1 as well.
 * @throws NotFound when a commit is not here: fetch, then repeat
 */
export async function mergeTrees(
  repo: Repository,
  ours: string,
  theirs: string,
  signal?: AbortSignal,
): Promise<MergeResult> {
  const { stdout, stderr, exitCode } = await repo.git.run({
    command: 'merge-tree',
    gitDir: repo.dir,
    options: ['--write-tree', '-z', '--name-only', '--messages'],
    operands: [requireObjectId(ours), requireObjectId(theirs)],
    config: MERGE_CONFIG,
    okExitCodes: [0, 1],
    signal,
  });
  const fields = splitNul(stdout);
  const tree = fields[0] ?? '';
  if (!isObjectId(tree)) throw gitFailure('merge-tree', exitCode, stderr || 'not something we can merge');
  if (exitCode === 0) return { kind: 'clean', tree };
  const end = fields.indexOf('', 1);
  if (end < 0) throw new Failure('Internal', 'git merge-tree answered in an unknown form');
  return { kind: 'conflict', tree, files: fields.slice(1, end).map(pathText), notes: notesOf(fields.slice(end + 1)) };
}

/** After the file list: `<number of paths> NUL <path> NUL … <type> NUL <message> NUL`, repeated. */
function notesOf(fields: readonly string[]): readonly MergeNote[] {
  const notes: MergeNote[] = [];
  for (let at = 0; at < fields.length; ) {
    const count = Number(fields[at]);
    if (!Number.isSafeInteger(count) || count < 0) break;
    const kindAt = at + 1 + count;
    notes.push({
      paths: fields.slice(at + 1, kindAt).map(pathText),
      kind: fields[kindAt] ?? '',
      text: pathText(fields[kindAt + 1] ?? '').trim(),
    });
    at = kindAt + 2;
  }
  return notes.filter(({ kind }) => kind.startsWith('CONFLICT'));
}
