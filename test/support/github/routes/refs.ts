import { movingRefs } from '../git/after-push.js';
import { isAncestor, readCommit, readRefs, resolveCommit } from '../git/read.js';
import { passesBy, requireBranchRules, ruleFor } from '../git/rules.js';
import { git, tryGit } from '../git/run.js';
import { type Answer, loginOf, noContent, ok, type RepositoryCall, slugOf } from '../http/call.js';
import { GitHubError, notFound } from '../http/errors.js';
import { page } from '../http/paging.js';
import { onRepository, type Route } from '../http/route.js';
import { renderGitCommit } from '../render/commit.js';
import { nodeIdOf } from '../render/node-id.js';
import { renderRules } from '../render/protection.js';
import { repositoryUrl } from '../render/repository.js';
import { shaOf } from './subjects.js';

const READ = { needs: ['contents:read'] } as const;
const WRITE = { needs: ['contents:write'] } as const;

const shown = (call: RepositoryCall, ref: string, sha: string): unknown => {
  const api = repositoryUrl(call.world, call.repository);
  return {
    ref,
    node_id: nodeIdOf('REF', call.repository.id),
    url: `${api}/git/${ref}`,
    object: { type: 'commit', sha, url: `${api}/git/commits/${sha}` },
  };
};

/** Moves a ref as a push by the caller would, and says why the branch's rules refuse that. */
function move(call: RepositoryCall, ref: string, args: readonly string[]): Promise<void> {
  const who = { login: loginOf(call.caller), slug: slugOf(call.caller) };
  const branch = ref.replace('refs/heads/', '');
  const refusing = ruleFor(call.repository, branch).find(
    (rule) =>
      !passesBy(rule, call.repository, who) &&
      (rule.requiredApprovals !== undefined || (rule.requiredChecks ?? []).length > 0),
  );
  if (refusing !== undefined) {
    throw new GitHubError(
      422,
      refusing.source === 'ruleset' ? 'Repository rule violations found' : 'Protected branch update failed',
    );
  }
  return movingRefs(call.world, { repository: call.repository, login: who.login }, async () => {
    await git(call.repository.directory, args);
  });
}

async function existing(call: RepositoryCall): Promise<{ readonly ref: string; readonly sha: string }> {
  const ref = `refs/${call.params.ref}`;
  const sha = (await readRefs(call.repository.directory)).get(ref);
  if (sha === undefined) throw notFound();
  return { ref, sha };
}

const missingRef = (): GitHubError => new GitHubError(422, 'Reference does not exist');

async function update(call: RepositoryCall): Promise<Answer> {
  const { sha, force = false } = call.body as { readonly sha: string; readonly force?: boolean };
  const { directory } = call.repository;
  const found = await existing(call).catch(() => {
    throw missingRef();
  });
  if ((await tryGit(directory, ['cat-file', '-e', `${sha}^{commit}`])).code !== 0) {
    throw new GitHubError(422, 'Object does not exist');
  }
  if (!force && !(await isAncestor(directory, found.sha, sha)))
    throw new GitHubError(422, 'Update is not a fast forward');
  await move(call, found.ref, ['update-ref', found.ref, sha]);
  return ok(shown(call, found.ref, sha));
}

export const refRoutes: readonly Route[] = [
  onRepository('GET /repos/{owner}/{repo}/git/ref/{ref}', READ, async (call) => {
    const { ref, sha } = await existing(call);
    return ok(shown(call, ref, sha));
  }),
  onRepository('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', READ, async (call) => {
    const refs = await readRefs(call.repository.directory);
    const found = [...refs].filter(([ref]) => ref.startsWith(`refs/${call.params.ref}`));
    return page(call, found, ([ref, sha]) => shown(call, ref, sha));
  }),
  onRepository('POST /repos/{owner}/{repo}/git/refs', WRITE, async (call) => {
    const { ref, sha } = call.body as { readonly ref: string; readonly sha: string };
    const { directory } = call.repository;
    if ((await readRefs(directory)).has(ref)) throw new GitHubError(422, 'Reference already exists');
    if ((await resolveCommit(directory, sha)) === undefined) throw new GitHubError(422, 'Object does not exist');
    await move(call, ref, ['update-ref', ref, sha]);
    return ok(shown(call, ref, sha), 201);
  }),
  onRepository('PATCH /repos/{owner}/{repo}/git/refs/{ref}', WRITE, update),
  onRepository('DELETE /repos/{owner}/{repo}/git/refs/{ref}', WRITE, async (call) => {
    const found = await existing(call).catch(() => {
      throw missingRef();
    });
    await move(call, found.ref, ['update-ref', '-d', found.ref, found.sha]);
    return noContent;
  }),
  onRepository('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', READ, async (call) => {
    const sha = await shaOf(call, call.params.commit_sha ?? '').catch(() => {
      throw notFound();
    });
    return ok(renderGitCommit(call.world, call.repository, await readCommit(call.repository.directory, sha)));
  }),
  onRepository('GET /repos/{owner}/{repo}/rules/branches/{branch}', { needs: ['metadata:read'] }, (call) => {
    requireBranchRules(call.repository);
    const rules = ruleFor(call.repository, call.params.branch ?? '').filter((one) => one.source === 'ruleset');
    return page(call, renderRules(call.repository, rules), (rule) => rule);
  }),
];
