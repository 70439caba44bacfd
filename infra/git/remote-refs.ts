import { Failure } from '../../domain/failures.js';
import { refThere } from './branch-names.js';
import { isObjectId } from './operands.js';
import { branchRef } from './refs.js';
import { type GitRemote, type Repository, reach } from './repository.js';

const READ_TIMEOUT_MS = 60_000;

/** The remote's refs with these exact names; absent ones are left out. One round trip. */
export async function readRemoteRefs(
  repo: Repository,
  remote: GitRemote,
  refs: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Map(refs.map((ref) => [refThere(remote, ref), ref]));
  const found = await listRemoteRefs(repo, remote, [...wanted.keys()], signal);
  // ls-remote matches tails of names (`main` finds `x/main`), so the exact ones are picked here.
  return new Map(
    [...found].flatMap(([name, sha]) => {
      const ref = wanted.get(name);
      return ref === undefined ? [] : [[ref, sha] as const];
    }),
  );
}

/** Every ref of the remote that ends in one of `patterns` (git's own tail match; globs allowed). */
export async function listRemoteRefs(
  repo: Repository,
  remote: GitRemote,
  patterns: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await repo.git.run({
    command: 'ls-remote',
    gitDir: repo.dir,
    options: ['--refs', '--quiet'],
    operands: [remote.url, ...patterns],
    ...(await reach(remote, 'read')),
    timeoutMs: READ_TIMEOUT_MS,
    signal,
  });
  const refs = new Map<string, string>();
  for (const line of stdout.toString('utf8').split('\n')) {
    const [sha, name] = line.split('\t');
    if (sha !== undefined && name !== undefined && isObjectId(sha)) refs.set(name, sha);
  }
  return refs;
}

/** The remote branch's commit, or undefined when there is no such branch. @throws InvalidState for a base that is gone */
export async function readTip(
  repo: Repository,
  remote: GitRemote,
  branch: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const ref = branchRef(branch);
  const read = async () => (await readRemoteRefs(repo, remote, [ref], signal)).get(ref);
  const tip = await read();
  return tip === undefined && (await remote.names?.lookFor(branch, signal)) ? await read() : tip;
}

/** @throws NotFound when the remote has no such branch */
export async function requireTip(
  repo: Repository,
  remote: GitRemote,
  branch: string,
  signal?: AbortSignal,
): Promise<string> {
  const tip = await readTip(repo, remote, branch, signal);
  if (tip === undefined) throw new Failure('NotFound', `the forge has no branch ${branch}`, { reason: 'REF' });
  return tip;
}
