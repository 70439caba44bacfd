import { Failure } from '../../domain/failures.js';
import { faultPoint } from '../fault-point.js';
import { refThere } from './branch-names.js';
import { isLockMessage } from './git-failures.js';
import { requireObjectId } from './operands.js';
import { judge, rejections, type Said } from './push-verdict.js';
import { branchRef, isOwnRef } from './refs.js';
import { readRemoteRefs } from './remote-refs.js';
import { type GitRemote, type Repository, reach } from './repository.js';
import { removeStaleLocks } from './stale-locks.js';

const PUSH_TIMEOUT_MS = 10 * 60_000;

export interface PushInput {
  /** Full name, below `refs/heads/millwright/`, `refs/heads/millwright-queue/` or `refs/millwright/`. */
  readonly ref: string;
  /** New commit; undefined deletes the ref. */
  readonly to: string | undefined;
  /** What the remote must hold now; undefined = must not exist. */
  readonly expected: string | undefined;
}

/**
 * Moves one of our own refs, by force but only from where we believe it is. Repeatable: a ref that already
 * holds the wanted commit is done.
 * @throws PermissionDenied for a ref that is not ours or that the remote protects; Conflict when it moved
 */
export async function pushOwnRef(
  repo: Repository,
  remote: GitRemote,
  input: PushInput,
  signal?: AbortSignal,
): Promise<void> {
  if (!isOwnRef(input.ref)) throw new Failure('PermissionDenied', `${input.ref} is not Millwright's to push`);
  await faultPoint('push.before-call');
  const moved = await pushGuarded(repo, remote, [input], signal);
  await faultPoint('push.after-call-before-record');
  if (moved.length > 0)
    throw new Failure('Conflict', `${input.ref} moved on the forge`, {
      ref: input.ref,
      expected: input.expected ?? 'absent',
    });
}

export interface LandingInput {
  readonly branch: string;
  readonly base: string;
  readonly commit: string;
  /** The pull request's branch: moves nothing, but refuses the push when its author pushed meanwhile. */
  readonly head?: { readonly branch: string; readonly sha: string };
}

export type LandingOutcome =
  | { readonly kind: 'pushed' }
  | { readonly kind: 'baseMoved' }
  | { readonly kind: 'headMoved' };

/**
 * Lands a tested commit on a target branch: `base` must still be its tip and an ancestor of `commit`. Only
 * the `landHead` activity calls this; it looks first whether an earlier attempt has landed the commit already.
 * @throws InvalidInput when `commit` does not descend from `base`
 */
export async function pushLanding(
  repo: Repository,
  remote: GitRemote,
  { branch, base, commit, head }: LandingInput,
  signal?: AbortSignal,
): Promise<LandingOutcome> {
  await requireDescent(repo, base, commit, signal);
  const target = { ref: branchRef(branch), to: commit, expected: base };
  const guard = head && { ref: branchRef(head.branch), to: head.sha, expected: head.sha };
  await faultPoint('merge.before-call');
  const moved = await pushGuarded(repo, remote, guard ? [target, guard] : [target], signal);
  await faultPoint('merge.after-call-before-record');
  if (moved.includes(target.ref)) return { kind: 'baseMoved' };
  return moved.length > 0 ? { kind: 'headMoved' } : { kind: 'pushed' };
}

/** Moves a target branch to what the source holds: creates it or fast-forwards it. Only `importSource` calls this. */
export async function pushImport(
  repo: Repository,
  remote: GitRemote,
  { branch, base, commit }: { readonly branch: string; readonly base: string | undefined; readonly commit: string },
  signal?: AbortSignal,
): Promise<void> {
  if (base !== undefined) await requireDescent(repo, base, commit, signal);
  const moved = await pushGuarded(repo, remote, [{ ref: branchRef(branch), to: commit, expected: base }], signal);
  if (moved.length > 0) throw new Failure('Conflict', `${branch} moved on the forge during the import`, { branch });
}

async function requireDescent(repo: Repository, base: string, commit: string, signal?: AbortSignal): Promise<void> {
  const { exitCode } = await repo.git.run({
    command: 'merge-base',
    gitDir: repo.dir,
    options: ['--is-ancestor'],
    operands: [requireObjectId(base), requireObjectId(commit)],
    okExitCodes: [0, 1],
    signal,
  });
  if (exitCode !== 0)
    throw new Failure('Conflict', `${commit} does not descend from ${base}`, { reason: 'NOT_FAST_FORWARD' });
}

/** Pushes all or none, each ref under a lease. Answers the refs whose lease was stale; empty = every ref is as wanted. */
async function pushGuarded(
  repo: Repository,
  remote: GitRemote,
  refs: readonly PushInput[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  let said: Said;
  try {
    const { exitCode, stdout, stderr } = await repo.git.run({
      command: 'push',
      gitDir: repo.dir,
      options: [
        '--atomic',
        '--porcelain',
        '--no-verify',
        '--no-signed',
        '--no-follow-tags',
        '--recurse-submodules=no',
        ...refs.map(({ ref, expected }) => `--force-with-lease=${refThere(remote, ref)}:${expected ?? ''}`),
      ],
      operands: [
        remote.url,
        ...refs.map(({ ref, to }) => `${to === undefined ? '' : requireObjectId(to)}:${refThere(remote, ref)}`),
      ],
      ...(await reach(remote, 'write')),
      timeoutMs: PUSH_TIMEOUT_MS,
      okExitCodes: [0, 1, 128],
      signal,
    });
    said = { exitCode, stderr, rejected: rejections(stdout.toString()) };
  } catch (error) {
    // Cancelled or killed half-way: the caller's repetition reads the remote before it acts.
    if (signal?.aborted) throw error;
    said = { exitCode: -1, stderr: error instanceof Error ? error.message : '', rejected: '' };
  }
  if (said.exitCode === 0) return [];
  // A receive-pack that was killed leaves its locks in a forge of our own; elsewhere they are not ours to touch.
  if (remote.transport === 'file' && isLockMessage(said.stderr)) await removeStaleLocks(remote.url);
  return judge(
    refs,
    await readRemoteRefs(
      repo,
      remote,
      refs.map(({ ref }) => ref),
      signal,
    ),
    said,
  );
}
