import { roleOf } from '../auth/access.js';
import { changedFiles, readCommit, readCommits, readRefs } from '../git/read.js';
import { requireBranchRules, ruleFor } from '../git/rules.js';
import { tryGit } from '../git/run.js';
import { type Answer, loginOf, ok, type RepositoryCall } from '../http/call.js';
import { GitHubError, notFound } from '../http/errors.js';
import { page } from '../http/paging.js';
import { asAnyone, onRepository, type Route } from '../http/route.js';
import { type Json, renderProfile, renderUser } from '../render/account.js';
import { renderCommit, renderFile } from '../render/commit.js';
import { renderProtection } from '../render/protection.js';
import { renderFullRepository, repositoryUrl } from '../render/repository.js';
import type { BranchRule } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import { shaOf } from './subjects.js';

const METADATA = { needs: ['metadata:read'] } as const;
const CONTENTS = { needs: ['contents:read'] } as const;

const isProtected = (call: RepositoryCall, branch: string): boolean => ruleFor(call.repository, branch).length > 0;

/** The part of a protection that everybody may read. */
function requiredChecksOf({ world, repository }: RepositoryCall, branch: string, rule: BranchRule): Json {
  const { required_status_checks } = renderProtection(world, repository, { branch, rule });
  return required_status_checks === undefined ? {} : { required_status_checks };
}

async function branches(call: RepositoryCall): Promise<readonly (readonly [string, string])[]> {
  const refs = await readRefs(call.repository.directory);
  return [...refs].flatMap(([ref, sha]) =>
    ref.startsWith('refs/heads/') ? [[ref.slice('refs/heads/'.length), sha] as const] : [],
  );
}

/** A branch that was renamed, perhaps several times, is where the redirect leads. */
function renamedBranch({ world, repository }: RepositoryCall, name: string): Answer {
  const now = repository.formerBranches.get(name);
  if (now === undefined) throw new GitHubError(404, 'Branch not found');
  const location = `${world.urls.api}/repositories/${repository.id}/branches/${encodeURIComponent(now)}`;
  const body = { message: 'Moved Permanently', url: location, documentation_url: 'https://docs.github.com/rest' };
  return { status: 301, body, headers: { location } };
}

export const repositoryRoutes: readonly Route[] = [
  onRepository('GET /repos/{owner}/{repo}', METADATA, (call) => {
    const role = call.caller.kind === 'person' ? roleOf(call.repository, loginOf(call.caller)) : 'read';
    return ok(renderFullRepository(call.world, call.repository, role));
  }),
  onRepository('GET /repos/{owner}/{repo}/branches', CONTENTS, async (call) =>
    page(call, await branches(call), ([name, sha]) => ({
      name,
      commit: { sha, url: `${repositoryUrl(call.world, call.repository)}/commits/${sha}` },
      protected: isProtected(call, name),
    })),
  ),
  onRepository('GET /repos/{owner}/{repo}/branches/{branch}', CONTENTS, async (call) => {
    const name = call.params.branch ?? '';
    const found = (await branches(call)).find(([one]) => one === name);
    if (found === undefined) return renamedBranch(call, name);
    const url = `${repositoryUrl(call.world, call.repository)}/branches/${name}`;
    const rule = ruleFor(call.repository, name).find((one) => one.source === 'protection');
    return ok({
      name,
      commit: renderCommit(call.world, call.repository, await readCommit(call.repository.directory, found[1])),
      _links: { self: url, html: `${call.world.urls.web}/${fullNameOf(call.repository)}/tree/${name}` },
      protected: isProtected(call, name),
      protection: {
        enabled: isProtected(call, name),
        ...(rule === undefined ? {} : requiredChecksOf(call, name, rule)),
      },
      protection_url: `${url}/protection`,
    });
  }),
  onRepository(
    'GET /repos/{owner}/{repo}/branches/{branch}/protection',
    { needs: ['administration:read'], role: 'admin' },
    (call) => {
      const branch = call.params.branch ?? '';
      requireBranchRules(call.repository);
      const rule = ruleFor(call.repository, branch).find((one) => one.source === 'protection');
      if (rule === undefined) throw new GitHubError(404, 'Branch not protected');
      return ok(renderProtection(call.world, call.repository, { branch, rule }));
    },
  ),
  onRepository('GET /repos/{owner}/{repo}/commits', CONTENTS, async (call) => {
    const from = await shaOf(call, call.query.get('sha') ?? call.repository.defaultBranch);
    const commits = await readCommits(call.repository.directory, [from]);
    return page(call, commits, (one) => renderCommit(call.world, call.repository, one));
  }),
  onRepository('GET /repos/{owner}/{repo}/commits/{ref}', CONTENTS, async (call) => {
    const { directory } = call.repository;
    const commit = await readCommit(directory, await shaOf(call, call.params.ref ?? ''));
    const [parent] = commit.parents;
    const files = parent === undefined ? [] : await changedFiles(directory, parent, commit.sha);
    const additions = files.reduce((sum, one) => sum + one.additions, 0);
    const deletions = files.reduce((sum, one) => sum + one.deletions, 0);
    return ok({
      ...renderCommit(call.world, call.repository, commit),
      stats: { additions, deletions, total: additions + deletions },
      files: files.map((file) => renderFile(call.world, call.repository, commit.sha, file)),
    });
  }),
  onRepository('GET /repos/{owner}/{repo}/compare/{basehead}', CONTENTS, async (call) => {
    const [from = '', to = ''] = (call.params.basehead ?? '').split('...');
    const { directory } = call.repository;
    const base = await shaOf(call, from);
    const head = await shaOf(call, to);
    const fork = (await tryGit(directory, ['merge-base', base, head])).out.trim();
    if (fork === '') throw notFound();
    const ahead = await readCommits(directory, [`${base}..${head}`]);
    const behind = await readCommits(directory, [`${head}..${base}`]);
    const html = `${call.world.urls.web}/${fullNameOf(call.repository)}/compare/${from}...${to}`;
    const commit = async (sha: string): Promise<unknown> =>
      renderCommit(call.world, call.repository, await readCommit(directory, sha));
    const moved =
      ahead.length > 0 ? (behind.length > 0 ? 'diverged' : 'ahead') : behind.length > 0 ? 'behind' : 'identical';
    return ok({
      url: String(call.url),
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: await commit(base),
      merge_base_commit: await commit(fork),
      status: moved,
      ahead_by: ahead.length,
      behind_by: behind.length,
      total_commits: ahead.length,
      commits: [...ahead].reverse().map((one) => renderCommit(call.world, call.repository, one)),
      files: (await changedFiles(directory, fork, head)).map((file) =>
        renderFile(call.world, call.repository, head, file),
      ),
    });
  }),
  onRepository('GET /repos/{owner}/{repo}/collaborators/{username}/permission', METADATA, (call) => {
    const login = call.params.username ?? '';
    if (call.world.state.account(login) === undefined) throw notFound();
    const role = roleOf(call.repository, login);
    const permission = role === 'maintain' ? 'write' : role === 'triage' ? 'read' : role;
    return ok({ permission, role_name: role, user: { ...renderUser(call.world, login), role_name: role } });
  }),
  asAnyone('GET /users/{username}', (call) => {
    const account = call.world.state.account(call.params.username ?? '');
    if (account === undefined) throw notFound();
    return ok(renderProfile(call.world, account.login));
  }),
];
