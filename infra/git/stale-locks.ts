import { lstat, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isMissing } from './tree-record.js';

/** Longer than any git of ours may run: where processes cannot be looked at, only age proves anything. */
const LONGEST_GIT_MS = 60 * 60_000;

interface Leftover {
  readonly path: string;
  readonly inode: number;
  readonly changedMs: number;
}

/**
 * Removes lock files and temporary files that a killed git left in a repository, and the lock of `indexFile`.
 * Nothing is touched while any git on this host works on them: not the recorded owner but the processes
 * themselves are looked at, because a git outlives the worker that started it. Answers how many were removed.
 */
export async function removeStaleLocks(gitDir: string, indexFile?: string): Promise<number> {
  const found = [
    ...(await leftoversOf(gitDir)),
    ...(indexFile === undefined ? [] : await leftoverAt(`${indexFile}.lock`)),
  ];
  if (found.length === 0) return 0;
  const inUse = await pathsOfLiveGits();
  const busy = inUse !== undefined && (inUse.has(gitDir) || (indexFile !== undefined && inUse.has(indexFile)));
  let removed = 0;
  for (const leftover of busy ? [] : found) {
    const isOld = Date.now() - leftover.changedMs > LONGEST_GIT_MS;
    // Looked at again: a git that began since may have made one of the same name.
    const [now] = await leftoverAt(leftover.path);
    const isSame = now?.inode === leftover.inode && now.changedMs === leftover.changedMs;
    if (!isSame || (inUse === undefined && !isOld)) continue;
    await rm(leftover.path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

const TOP_LOCKS = [
  'HEAD.lock',
  'config.lock',
  'packed-refs.lock',
  'packed-refs.new',
  'shallow.lock',
  'index.lock',
  'gc.pid',
];
const TEMPORARY = /^(?:tmp_|\.tmp-|incoming-)|\.lock$/;

async function leftoversOf(gitDir: string): Promise<readonly Leftover[]> {
  const top = await Promise.all(TOP_LOCKS.map((name) => leftoverAt(join(gitDir, name))));
  const objects = join(gitDir, 'objects');
  const directories = [objects, join(objects, 'pack'), ...(await fanOut(objects))];
  const temporary = await Promise.all(directories.map((directory) => matching(directory, TEMPORARY)));
  return [...top.flat(), ...temporary.flat(), ...(await locksBelow(join(gitDir, 'refs')))];
}

async function fanOut(objects: string): Promise<readonly string[]> {
  return (await names(objects)).filter((name) => /^[0-9a-f]{2}$/.test(name)).map((name) => join(objects, name));
}

async function matching(directory: string, pattern: RegExp): Promise<readonly Leftover[]> {
  const wanted = (await names(directory)).filter((name) => pattern.test(name));
  return (await Promise.all(wanted.map((name) => leftoverAt(join(directory, name))))).flat();
}

async function locksBelow(directory: string): Promise<readonly Leftover[]> {
  const found: Leftover[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => []))
    if (entry.isFile() && entry.name.endsWith('.lock')) found.push(...(await leftoverAt(join(entry.path, entry.name))));
  return found;
}

async function leftoverAt(path: string): Promise<readonly Leftover[]> {
  try {
    const { ino, mtimeMs } = await lstat(path);
    return [{ path, inode: ino, changedMs: mtimeMs }];
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function names(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/**
 * Git directories and index files that some git process names in its environment, its arguments or as its
 * working directory; undefined where the platform does not show processes.
 */
async function pathsOfLiveGits(): Promise<ReadonlySet<string> | undefined> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) return undefined;
  return new Set((await Promise.all(pids.map(pathsOf))).flat());
}

async function pathsOf(pid: string): Promise<readonly string[]> {
  const arguments_ = await readProcFile(pid, 'cmdline');
  if (!basename(arguments_[0] ?? '').startsWith('git')) return [];
  const environment = await readProcFile(pid, 'environ');
  const set = environment.flatMap((line) => /^GIT_(?:DIR|INDEX_FILE)=(.+)$/s.exec(line)?.[1] ?? []);
  const workingDirectory = await readlink(`/proc/${pid}/cwd`).catch(() => '');
  return [...set, ...arguments_.slice(1), workingDirectory, dirname(workingDirectory)];
}

/** Processes end while they are looked at; those of other users are not shown and are none of ours. */
async function readProcFile(pid: string, name: string): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  return text.split('\0').filter(Boolean);
}
