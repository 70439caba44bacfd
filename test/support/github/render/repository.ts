import type { Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import type { World } from '../world.js';
import { type Json, renderUser } from './account.js';
import { nodeIdOf } from './node-id.js';

/** Every resource below a repository, as the document's `*_url` fields name them. */
const LINKS: Readonly<Record<string, string>> = {
  forks: '/forks',
  keys: '/keys{/key_id}',
  collaborators: '/collaborators{/collaborator}',
  teams: '/teams',
  hooks: '/hooks',
  issue_events: '/issues/events{/number}',
  events: '/events',
  assignees: '/assignees{/user}',
  branches: '/branches{/branch}',
  tags: '/tags',
  blobs: '/git/blobs{/sha}',
  git_tags: '/git/tags{/sha}',
  git_refs: '/git/refs{/sha}',
  trees: '/git/trees{/sha}',
  statuses: '/statuses/{sha}',
  languages: '/languages',
  stargazers: '/stargazers',
  contributors: '/contributors',
  subscribers: '/subscribers',
  subscription: '/subscription',
  commits: '/commits{/sha}',
  git_commits: '/git/commits{/sha}',
  comments: '/comments{/number}',
  issue_comment: '/issues/comments{/number}',
  contents: '/contents/{+path}',
  compare: '/compare/{base}...{head}',
  merges: '/merges',
  archive: '/{archive_format}{/ref}',
  downloads: '/downloads',
  issues: '/issues{/number}',
  pulls: '/pulls{/number}',
  milestones: '/milestones{/number}',
  notifications: '/notifications{?since,all,participating}',
  labels: '/labels{/name}',
  releases: '/releases{/id}',
  deployments: '/deployments',
};

export const repositoryUrl = ({ urls }: World, repository: Repository): string =>
  `${urls.api}/repos/${fullNameOf(repository)}`;

/** The short form, of lists of what an installation reaches. */
export const renderMinimalRepository = (world: World, repository: Repository): Json => {
  const url = repositoryUrl(world, repository);
  return {
    id: repository.id,
    node_id: nodeIdOf('R', repository.id),
    name: repository.name,
    full_name: fullNameOf(repository),
    private: repository.isPrivate,
    owner: renderUser(world, repository.owner),
    html_url: `${world.urls.web}/${fullNameOf(repository)}`,
    description: null,
    fork: false,
    url,
    ...Object.fromEntries(Object.entries(LINKS).map(([name, path]) => [`${name}_url`, `${url}${path}`])),
  };
};

export function renderRepository(world: World, repository: Repository): Json {
  const { state, urls } = world;
  const full = fullNameOf(repository);
  const host = urls.web.replace(/^https?:\/\//, '');
  const open = state.issues.filter((one) => one.repositoryId === repository.id && one.state === 'open').length;
  return {
    ...renderMinimalRepository(world, repository),
    created_at: repository.createdAt,
    updated_at: repository.pushedAt,
    pushed_at: repository.pushedAt,
    git_url: `git://${host}/${full}.git`,
    ssh_url: `git@${host}:${full}.git`,
    clone_url: `${urls.web}/${full}.git`,
    svn_url: `${urls.web}/${full}`,
    homepage: null,
    size: 1,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: true,
    has_projects: false,
    has_downloads: true,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    mirror_url: null,
    archived: repository.isArchived,
    disabled: false,
    open_issues_count: open,
    license: null,
    forks: 0,
    open_issues: open,
    watchers: 0,
    default_branch: repository.defaultBranch,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.isPrivate ? 'private' : 'public',
    custom_properties: {},
  };
}

/** What only `GET /repos/{owner}/{repo}` says. */
export const renderFullRepository = (world: World, repository: Repository, role: string): Json => ({
  ...renderRepository(world, repository),
  network_count: 0,
  subscribers_count: 0,
  allow_squash_merge: true,
  allow_merge_commit: true,
  allow_rebase_merge: true,
  allow_auto_merge: false,
  delete_branch_on_merge: false,
  permissions: {
    admin: role === 'admin',
    maintain: ['admin', 'maintain'].includes(role),
    push: ['admin', 'maintain', 'write'].includes(role),
    triage: ['admin', 'maintain', 'write', 'triage'].includes(role),
    pull: role !== 'none',
  },
});
