import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { Failure } from '../../domain/failures.js';
import { mendedAtMs } from './damage-marks.js';
import { ensureExcludes } from './excludes.js';
import { failureReason, gitFailure } from './git-failures.js';
import { ignoredWork } from './ignored.js';
import { isSoundIndex } from './index-file.js';
import { whyNotOwnFile } from './own-files.js';
import { pathText, type Repository, splitNul } from './repository.js';
import type { GitCall } from './run.js';
import { bytes, countInodes, type Hazard, inodeOf, scanForHazards } from './scan.js';
import { isMissing, type Tree } from './tree-record.js';

export interface SnapshotLimits {
  /** One file. Default 100 MiB, which is what forges take. */
  readonly maxFileBytes: number;
  /** All new and changed files together. Default 1 GiB. */
  readonly maxChangedBytes: number;
  /** Files and directories outside ignored ones. Default 300,000. */
  readonly maxEntries: number;
}

const LIMITS: SnapshotLimits = { maxFileBytes: 100 * 2 ** 20, maxChangedBytes: 2 ** 30, maxEntries: 300_000 };
const LISTED_PATHS = 50;
const SHOWN_CHARS = 400;

export type SnapshotOutcome =
  | {
      readonly kind: 'taken';
      readonly tree: string;
      /** What the repository's own ignore rules left out, at most 20; outputs of `setup` are not among them. */
      readonly ignored: readonly string[];
    }
  /** Nothing was written: git could not keep these files faithfully. */
  | { readonly kind: 'refused'; readonly paths: readonly string[]; readonly why: string };

export interface SnapshotInput {
  readonly tree: Tree;
  /** Outputs of `setup`, relative to the root. */
  readonly outputs?: readonly string[];
  readonly limits?: Partial<SnapshotLimits>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the tree's files as a git tree and answers its id. Ignored files (.gitignore, outputs of `setup`) are
 * left out; anything else is kept whole or refused by name, never dropped. Nothing may write into the tree
 * meanwhile. @throws WorktreeLost when tree or index is gone or damaged
 */
export async function takeSnapshot(repo: Repository, input: SnapshotInput): Promise<SnapshotOutcome> {
  const limits = { ...LIMITS, ...input.limits };
  try {
    // Without its index git would take ignored files that are tracked for untracked ones and drop them.
    const [isSound] = await Promise.all([isSoundIndex(input.tree), lstat(input.tree.source)]);
    if (!isSound) throw new Failure('WorktreeLost', `the index of the working tree ${input.tree.treeId} is damaged`);
    if (input.outputs !== undefined) await ensureExcludes(input.tree, input.outputs);
    const [pending, ignored] = await Promise.all([listPending(repo, input), listIgnored(repo, input)]);
    const hazards = await findHazards(repo, input, { limits, ignored });
    const refusal = refuse(hazards) ?? refuse(await oversized(input.tree, pending, limits));
    if (refusal !== undefined) return refusal;
    // Git does not write again what the index says is written already.
    const isForgotten = ((await mendedAtMs(repo)) ?? 0) >= (await lstat(input.tree.indexFile)).mtimeMs;
    if (isForgotten) await forgetStats(repo, input);
    if (isForgotten || pending.length > 0) {
      const left = (await stage(repo, input)) ?? refuse((await listPending(repo, input)).map(unkept));
      if (left !== undefined) return left;
    }
    const { stdout } = await repo.git.run({ ...onTree(repo, input), command: 'write-tree' });
    const left = ignoredWork(ignored, input.outputs ?? []);
    return { kind: 'taken', tree: stdout.toString('utf8').trim(), ignored: left };
  } catch (error) {
    if (isMissing(error)) throw new Failure('WorktreeLost', `the working tree ${input.tree.treeId} is gone`);
    if (failureReason(error) === 'TOO_LARGE') return { kind: 'refused', paths: [], why: 'too many files' };
    throw error;
  }
}

const onTree = (repo: Repository, { tree, signal }: SnapshotInput): Omit<GitCall, 'command'> => ({
  gitDir: repo.dir,
  workTree: tree.source,
  indexFile: tree.indexFile,
  config: [
    `core.excludesFile=${tree.excludeFile}`,
    'core.protectHFS=true',
    'core.protectNTFS=true',
    'core.safecrlf=false',
  ],
  signal,
});

/** Byte-exact names of files that differ from the index or are not in it; a directory ends in `/`. */
async function listPending(repo: Repository, input: SnapshotInput): Promise<readonly string[]> {
  const { stdout } = await repo.git.run({
    ...onTree(repo, input),
    command: 'ls-files',
    options: ['-z', '--others', '--modified', '--deleted', '--exclude-standard'],
  });
  return [...new Set(splitNul(stdout))];
}

/** Byte-exact names of files that git passes over; a directory ends in `/`. */
async function listIgnored(repo: Repository, input: SnapshotInput): Promise<readonly string[]> {
  const { stdout } = await repo.git.run({
    ...onTree(repo, input),
    command: 'ls-files',
    options: ['-z', '--others', '--ignored', '--directory', '--exclude-standard'],
  });
  return splitNul(stdout);
}

async function findHazards(
  repo: Repository,
  input: SnapshotInput,
  { limits, ignored }: { readonly limits: SnapshotLimits; readonly ignored: readonly string[] },
): Promise<readonly Hazard[]> {
  const skip = new Set(ignored.map((path) => path.replace(/\/$/, '')));
  const scan = { root: input.tree.source, skip, maxEntries: limits.maxEntries, signal: input.signal };
  const found = await scanForHazards(scan);
  if (found.kind === 'tooMany') return [{ path: '', why: `more than ${limits.maxEntries} files` }];
  return found.hazards.length === 0 ? [] : await withoutIgnored(repo, input, found.hazards);
}

/** A pipe in an ignored place is nobody's loss; git lists ignored files but no ignored pipes, so it is asked. */
async function withoutIgnored(
  repo: Repository,
  input: SnapshotInput,
  hazards: readonly Hazard[],
): Promise<readonly Hazard[]> {
  const { stdout } = await repo.git.run({
    ...onTree(repo, input),
    command: 'check-ignore',
    options: ['-z', '--stdin', '--no-index'],
    input: Buffer.from(hazards.map(({ path }) => `./${path}\0`).join(''), 'latin1'),
    okExitCodes: [0, 1],
  });
  const ignored = new Set(splitNul(stdout).map((path) => path.replace(/^\.\//, '')));
  return hazards.filter(({ path }) => !ignored.has(path));
}

/** Sizes, links and git's own files among what would be hashed, looked at before git reads a byte of it. */
async function oversized(tree: Tree, pending: readonly string[], limits: SnapshotLimits): Promise<readonly Hazard[]> {
  const hazards: Hazard[] = [];
  const linked: { readonly path: string; readonly stats: Stats }[] = [];
  let total = 0;
  for (const path of pending) {
    if (path.endsWith('/')) hazards.push({ path, why: 'a repository inside the tree' });
    const stats = await lstat(bytes(tree.source, path)).catch(() => undefined);
    if (stats === undefined) continue;
    const why = await whyNotOwnFile(bytes(tree.source, path), stats);
    if (why !== undefined) hazards.push({ path, why });
    if (!stats.isFile()) continue;
    total += stats.size;
    if (stats.size > limits.maxFileBytes) hazards.push({ path, why: `larger than ${limits.maxFileBytes} bytes` });
    if (stats.nlink > 1) linked.push({ path, stats });
  }
  if (hazards.length === 0 && total > limits.maxChangedBytes)
    return [{ path: '', why: `changes of more than ${limits.maxChangedBytes} bytes` }];
  return [...hazards, ...(await linkedOutside(tree, linked))];
}

async function linkedOutside(
  tree: Tree,
  linked: readonly { readonly path: string; readonly stats: Stats }[],
): Promise<readonly Hazard[]> {
  if (linked.length === 0) return [];
  const inside = await countInodes(tree.source, new Set(linked.map(({ stats }) => inodeOf(stats))));
  return linked
    .filter(({ stats }) => (inside.get(inodeOf(stats)) ?? 0) < stats.nlink)
    .map(({ path }) => ({ path, why: 'a hard link to a file outside the tree' }));
}

/** Objects of the mirror were lost: every file is to be read again, and written where its object is not there. */
async function forgetStats(repo: Repository, input: SnapshotInput): Promise<void> {
  const { stdout } = await repo.git.run({ ...onTree(repo, input), command: 'ls-files', options: ['-s', '-z'] });
  const options = ['-z', '--index-info'];
  await repo.git.run({ ...onTree(repo, input), command: 'update-index', options, input: stdout });
}

/** Brings the private index to what the files are. Answers a refusal when git names files that it cannot take. */
async function stage(repo: Repository, input: SnapshotInput): Promise<SnapshotOutcome | undefined> {
  const { exitCode, stderr } = await repo.git.run({
    ...onTree(repo, input),
    command: 'add',
    options: ['--all', '--no-warn-embedded-repo'],
    paths: ['.'],
    okExitCodes: [0, 1, 128],
    timeoutMs: 10 * 60_000,
  });
  if (exitCode === 0) return undefined;
  const named = [...stderr.matchAll(/(?:open\("(.+?)"\)|(?:file|path|encode) '(.+?)')/g)].map(
    (m) => m[1] ?? m[2] ?? '',
  );
  if (named.length === 0) throw gitFailure('add', exitCode, stderr);
  return { kind: 'refused', paths: [...new Set(named)].slice(0, LISTED_PATHS), why: 'git cannot read or keep it' };
}

const unkept = (path: string): Hazard => ({ path, why: 'git did not keep it' });

function refuse(hazards: readonly Hazard[]): SnapshotOutcome | undefined {
  if (hazards.length === 0) return undefined;
  const why = [...new Set(hazards.map((hazard) => hazard.why))].slice(0, 5).join('; ');
  const paths = hazards.map(({ path }) => shortened(pathText(path))).filter((path) => path !== '');
  return { kind: 'refused', paths: paths.slice(0, LISTED_PATHS), why };
}

const shortened = (path: string): string => (path.length > SHOWN_CHARS ? `${path.slice(0, SHOWN_CHARS)}…` : path);
