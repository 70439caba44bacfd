import { movingRefs } from '../git/after-push.js';
import { mergePull } from '../git/follow.js';
import { mergedTree } from '../git/mergeability.js';
import { readCommits, resolveCommit } from '../git/read.js';
import { git } from '../git/run.js';
import { commitTree } from '../git/write.js';
import { GitHubError } from '../http/errors.js';
import type { Repository } from '../state/records.js';
import { fullNameOf, type PullRequest } from '../state/state.js';
import type { World } from '../world.js';
import type { Actor } from './actor.js';
import { whyRefused } from './protection.js';

export interface Merge {
  readonly actor: Actor;
  readonly method: 'merge' | 'squash' | 'rebase';
  /** The head that may be merged. */
  readonly sha?: string;
  readonly title?: string;
  readonly message?: string;
}

/** @throws GitHubError 405 when it may not be merged, 409 when its head is another one */
export async function merge(world: World, repository: Repository, issue: PullRequest, asked: Merge): Promise<string> {
  const { pull } = issue;
  const { directory } = repository;
  const by = { repository, login: asked.actor.login };
  return movingRefs(world, by, async () => {
    await checkMayMerge(world, repository, issue, asked);
    const tip = await resolveCommit(directory, `refs/heads/${pull.baseRef}`);
    const made = tip === undefined ? undefined : await compose(repository, issue, { ...asked, tip });
    if (tip === undefined || made === undefined) throw new GitHubError(405, 'Pull Request is not mergeable');
    await git(directory, ['update-ref', `refs/heads/${pull.baseRef}`, made, tip]);
    await mergePull(world, by, issue, made);
    return made;
  });
}

async function checkMayMerge(world: World, repository: Repository, issue: PullRequest, asked: Merge): Promise<void> {
  const { pull } = issue;
  if (issue.state !== 'open') throw new GitHubError(405, 'Pull Request is not mergeable');
  if (pull.isDraft) throw new GitHubError(405, 'Pull Request is still a draft');
  if (asked.sha !== undefined && asked.sha !== pull.headSha) {
    throw new GitHubError(409, 'Head branch was modified. Review and try the merge again.');
  }
  const refusal = await whyRefused(world, repository, issue, asked.actor);
  if (refusal !== undefined) throw new GitHubError(405, refusal);
}

async function compose(
  repository: Repository,
  { number, title, pull }: PullRequest,
  asked: Merge & { readonly tip: string },
): Promise<string | undefined> {
  const { directory } = repository;
  const { tip, method } = asked;
  const name = asked.actor.login;
  const tree = await mergedTree(directory, tip, pull.headSha);
  if (tree === undefined) return undefined;
  if (method === 'rebase') return replay(directory, { tip, head: pull.headSha, name });
  const first =
    asked.title ??
    (method === 'squash'
      ? `${title} (#${number})`
      : `Merge pull request #${number} from ${fullNameOf(repository).split('/')[0]}/${pull.headRef}`);
  const message = [first, asked.message ?? (method === 'merge' ? title : '')].filter(Boolean).join('\n\n');
  return commitTree(directory, { tree, parents: method === 'merge' ? [tip, pull.headSha] : [tip], message, name });
}

/** Each commit of the head again on top of the tip; undefined at the first conflict. */
async function replay(
  directory: string,
  { tip, head, name }: { readonly tip: string; readonly head: string; readonly name: string },
): Promise<string | undefined> {
  let at = tip;
  for (const commit of [...(await readCommits(directory, ['--no-merges', `${tip}..${head}`]))].reverse()) {
    // The merge of two commits made for it, whose only base is the commit's own parent.
    const copy = (of: string, parents: readonly string[]): Promise<string> =>
      commitTree(directory, { tree: `${of}^{tree}`, parents, message: 'copy', name });
    const base = await copy(commit.parents[0] ?? tip, []);
    const tree = await mergedTree(directory, await copy(at, [base]), await copy(commit.sha, [base]));
    if (tree === undefined) return undefined;
    at = await commitTree(directory, { tree, parents: [at], message: commit.message, name });
  }
  return at;
}
