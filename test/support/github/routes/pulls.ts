import { changeIssue } from '../acts/issues.js';
import { merge } from '../acts/merge.js';
import { openPull } from '../acts/pulls.js';
import { movingRefs } from '../git/after-push.js';
import { askMergeability, mergedTree } from '../git/mergeability.js';
import { changedFiles, isAncestor, readCommits, resolveCommit } from '../git/read.js';
import { git } from '../git/run.js';
import { commitTree } from '../git/write.js';
import { type Answer, loginOf, ok, type RepositoryCall } from '../http/call.js';
import { GitHubError, invalidField, notFound, refused } from '../http/errors.js';
import { page } from '../http/paging.js';
import { onRepository, type Route } from '../http/route.js';
import { renderCommit, renderFile } from '../render/commit.js';
import { renderPull, renderSimplePull } from '../render/pull.js';
import type { PullRequest } from '../state/state.js';
import { tellPull } from '../webhooks/happenings.js';
import { actorOf, pullOf, sorted } from './subjects.js';

const READ = { needs: ['pull_requests:read'] } as const;
const WRITE = { needs: ['pull_requests:write'] } as const;
const ONE = '/repos/{owner}/{repo}/pulls/{pull_number}';

async function shown(call: RepositoryCall, issue: PullRequest, status = 200): Promise<Answer> {
  return ok(await renderPull(call.world, call.repository, issue), status);
}

async function changeBase(call: RepositoryCall, issue: PullRequest, base: string): Promise<void> {
  const { pull } = issue;
  const sha = await resolveCommit(call.repository.directory, `refs/heads/${base}`);
  if (sha === undefined) throw invalidField('PullRequest', 'base');
  const changes = { base: { ref: { from: pull.baseRef }, sha: { from: pull.baseSha } } };
  pull.baseRef = base;
  pull.baseSha = sha;
  const by = { repository: call.repository, login: loginOf(call.caller) };
  await tellPull(call.world, 'edited', issue, by, { changes });
}

/** One whose branches are gone cannot be opened again. */
async function requireBranches({ repository }: RepositoryCall, { pull }: PullRequest): Promise<void> {
  for (const branch of [pull.headRef, pull.baseRef]) {
    if ((await resolveCommit(repository.directory, `refs/heads/${branch}`)) === undefined)
      throw refused('PullRequest', `state cannot be changed. The ${branch} branch has been deleted.`);
  }
}

async function change(call: RepositoryCall): Promise<Answer> {
  const issue = pullOf(call);
  const { title, body, state, base } = call.body as {
    readonly title?: string;
    readonly body?: string | null;
    readonly state?: 'open' | 'closed';
    readonly base?: string;
  };
  if (state === 'open' && issue.pull.mergedAt !== null) {
    throw refused('PullRequest', 'state cannot be changed. The pull request cannot be reopened.');
  }
  if (state === 'open' && issue.state === 'closed') await requireBranches(call, issue);
  if (base !== undefined && base !== issue.pull.baseRef) await changeBase(call, issue, base);
  await changeIssue(
    call.world,
    call.repository,
    { issue, login: loginOf(call.caller) },
    {
      ...(title === undefined ? {} : { title }),
      ...(body === undefined ? {} : { body }),
      ...(state === undefined ? {} : { state }),
    },
  );
  return shown(call, issue);
}

async function updateBranch(call: RepositoryCall): Promise<Answer> {
  const { pull } = pullOf(call);
  const { expected_head_sha: expected } = call.body as { readonly expected_head_sha?: string };
  if (expected !== undefined && expected !== pull.headSha) {
    throw new GitHubError(422, "expected head sha didn't match current head ref.");
  }
  const { directory } = call.repository;
  const name = loginOf(call.caller);
  const tip = await resolveCommit(directory, `refs/heads/${pull.baseRef}`);
  if (tip === undefined || (await isAncestor(directory, tip, pull.headSha))) {
    throw new GitHubError(422, 'There are no new commits on the base branch.');
  }
  const tree = await mergedTree(directory, pull.headSha, tip);
  if (tree === undefined) throw new GitHubError(422, 'merge conflict between base and head');
  await movingRefs(call.world, { repository: call.repository, login: name }, async () => {
    const message = `Merge branch '${pull.baseRef}' into ${pull.headRef}`;
    const made = await commitTree(directory, { tree, parents: [pull.headSha, tip], message, name });
    await git(directory, ['update-ref', `refs/heads/${pull.headRef}`, made, pull.headSha]);
  });
  return ok({ message: 'Updating pull request branch.', url: String(call.url) }, 202);
}

export const pullRoutes: readonly Route[] = [
  onRepository('GET /repos/{owner}/{repo}/pulls', READ, (call) => {
    const state = call.query.get('state') ?? 'open';
    const base = call.query.get('base');
    const head = call.query.get('head');
    // GitHub ignores a head that does not name its owner.
    const [owner = '', branch] = head?.includes(':') ? head.split(/:(.*)/s) : [];
    const pulls = call.world.state
      .pullRequests(call.repository.id)
      .filter((one) => state === 'all' || one.state === state)
      .filter((one) => base === null || one.pull.baseRef === base)
      .filter(
        (one) =>
          branch === undefined ||
          (one.pull.headRef === branch && owner.toLowerCase() === call.repository.owner.toLowerCase()),
      );
    return page(call, sorted(call, call.world.listed(pulls)), (one) =>
      renderSimplePull(call.world, call.repository, one),
    );
  }),
  onRepository('POST /repos/{owner}/{repo}/pulls', { ...WRITE, role: 'read', createsContent: true }, async (call) => {
    const { title, body, head, base, draft } = call.body as {
      readonly title?: string;
      readonly body?: string;
      readonly head: string;
      readonly base: string;
      readonly draft?: boolean;
    };
    const input = { title: title ?? '', body: body ?? null, head, base, isDraft: draft === true };
    return shown(call, await openPull(call.world, call.repository, actorOf(call), input), 201);
  }),
  onRepository(`GET ${ONE}`, READ, async (call) => {
    const issue = pullOf(call);
    await askMergeability(call.world, call.repository, issue);
    return shown(call, issue);
  }),
  onRepository(`PATCH ${ONE}`, WRITE, change),
  onRepository(`GET ${ONE}/merge`, { needs: ['contents:read'] }, (call) => {
    if (pullOf(call).pull.mergedAt === null) throw notFound();
    return { status: 204 };
  }),
  onRepository(`PUT ${ONE}/merge`, { needs: ['contents:write'] }, async (call) => {
    const { sha, merge_method, commit_title, commit_message } = call.body as {
      readonly sha?: string;
      readonly merge_method?: 'merge' | 'squash' | 'rebase';
      readonly commit_title?: string;
      readonly commit_message?: string;
    };
    const made = await merge(call.world, call.repository, pullOf(call), {
      actor: actorOf(call),
      method: merge_method ?? 'merge',
      ...(sha === undefined ? {} : { sha }),
      ...(commit_title === undefined ? {} : { title: commit_title }),
      ...(commit_message === undefined ? {} : { message: commit_message }),
    });
    return ok({ sha: made, merged: true, message: 'Pull Request successfully merged' });
  }),
  onRepository(`PUT ${ONE}/update-branch`, WRITE, updateBranch),
  onRepository(`GET ${ONE}/commits`, READ, async (call) => {
    const { pull } = pullOf(call);
    const commits = await readCommits(call.repository.directory, [`${pull.baseSha}..${pull.headSha}`]);
    return page(call, [...commits].reverse(), (one) => renderCommit(call.world, call.repository, one));
  }),
  onRepository(`GET ${ONE}/files`, READ, async (call) => {
    const { pull } = pullOf(call);
    const { directory } = call.repository;
    const fork = await git(directory, ['merge-base', pull.baseSha, pull.headSha]);
    const files = await changedFiles(directory, fork, pull.headSha);
    return page(call, files, (file) => renderFile(call.world, call.repository, pull.headSha, file));
  }),
];
