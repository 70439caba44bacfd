import { Failure } from '../../domain/failures.js';
import { commitTree, type Person } from './commit.js';
import { fetchBranch } from './mirror.js';
import { changedPaths, readCommit } from './objects.js';
import { pushOwnRef } from './push.js';
import { branchRef } from './refs.js';
import { readTip } from './remote-refs.js';
import { type GitRemote, pathText, type Repository } from './repository.js';

export interface RoundCommitInput {
  /** Tree of the snapshot. */
  readonly tree: string;
  /** Previous head (first round: base); a merge adds the tip behind it. */
  readonly parents: readonly string[];
  readonly message: string;
  /** Last line of every message of this branch: a tip without it is somebody else's work and stays, unless it is a parent. */
  readonly trailer: string;
  readonly author: Person;
  /** Fixed by the caller for all attempts; raised to the newest parent's date. */
  readonly atSeconds: number;
  readonly branch: string;
  readonly remote: GitRemote;
  readonly signal?: AbortSignal | undefined;
}

export interface RoundCommit {
  readonly headSha: string;
  /** At most 500, changed against the first parent. */
  readonly files: readonly string[];
}

const LISTED_FILES = 500;

/**
 * One commit per round on the task's branch, pushed under a lease. A branch that already holds this very round
 * (same files, parents and message, made by an attempt that nobody heard of) is adopted; what an earlier life of
 * the task left there is replaced. Undefined = no change.
 * @throws Conflict when somebody else moved the branch
 */
export async function commitRound(repo: Repository, input: RoundCommitInput): Promise<RoundCommit | undefined> {
  const { signal, branch, remote } = input;
  const parents = await Promise.all(input.parents.map((sha) => readCommit(repo, sha, signal)));
  const first = parents[0];
  if (first === undefined) throw new Failure('InvalidInput', 'a round needs a parent commit');
  if (parents.length === 1 && first.tree === input.tree) return undefined;
  const atSeconds = Math.max(input.atSeconds, ...parents.map(({ committedAtSeconds }) => committedAtSeconds));
  const message = messageOf(input);
  const made = await commitTree(repo, { ...input, message, atSeconds }, signal);
  const tip = await readTip(repo, remote, branch, signal);
  const adopted = tip !== undefined && tip !== made && (await isThisRound(repo, input, tip));
  const headSha = adopted ? tip : made;
  if (!adopted && tip !== made) await push(repo, input, { made, tip, first: first.sha });
  const files = (await changedPaths(repo, first.sha, headSha, signal)).slice(0, LISTED_FILES).map(pathText);
  return { headSha, files };
}

const messageOf = ({ message, trailer }: RoundCommitInput): string => `${message.trim()}\n\n${trailer}`;

async function push(
  repo: Repository,
  { branch, remote, trailer, parents, signal }: RoundCommitInput,
  { made, tip, first }: { readonly made: string; readonly tip: string | undefined; readonly first: string },
): Promise<void> {
  const isOurs =
    tip === undefined ||
    tip === first ||
    parents.includes(tip) ||
    (await readCommit(repo, tip, signal)).message.endsWith(trailer);
  if (!isOurs)
    throw new Failure('Conflict', `${branch} was moved by somebody else`, { branch, expected: first, found: tip });
  await pushOwnRef(repo, remote, { ref: branchRef(branch), to: made, expected: tip }, signal);
}

async function isThisRound(repo: Repository, input: RoundCommitInput, tip: string): Promise<boolean> {
  if (tip === input.parents[0]) return false;
  await fetchBranch(repo, input.remote, input.branch, input.signal);
  const found = await readCommit(repo, tip, input.signal);
  return (
    found.tree === input.tree && found.parents.join() === input.parents.join() && found.message === messageOf(input)
  );
}
