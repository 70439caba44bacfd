import { type ChangedFile, type Commit, changedFiles, EMPTY_TREE } from '../git/read.js';
import type { Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import type { World } from '../world.js';
import type { Json } from './account.js';
import { nodeIdOf } from './node-id.js';
import { repositoryUrl } from './repository.js';

const UNSIGNED_IN_EVENTS = { verified: false, reason: 'unsigned', signature: null, payload: null };
const UNSIGNED = { ...UNSIGNED_IN_EVENTS, verified_at: null };

/** A commit of the list of commits. */
export const renderCommit = (world: World, repository: Repository, commit: Commit): Json =>
  commitFields(world, repository, commit, UNSIGNED);

/** The same in the body of a `status` event, whose schema is older. */
export const renderCommitOfEvent = (world: World, repository: Repository, commit: Commit): Json =>
  commitFields(world, repository, commit, UNSIGNED_IN_EVENTS);

function commitFields(world: World, repository: Repository, commit: Commit, verification: Json): Json {
  const api = repositoryUrl(world, repository);
  const html = `${world.urls.web}/${fullNameOf(repository)}/commit`;
  return {
    sha: commit.sha,
    node_id: nodeIdOf('C', Number.parseInt(commit.sha.slice(0, 8), 16)),
    commit: {
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: { sha: commit.treeSha, url: `${api}/git/trees/${commit.treeSha}` },
      url: `${api}/git/commits/${commit.sha}`,
      comment_count: 0,
      verification,
    },
    url: `${api}/commits/${commit.sha}`,
    html_url: `${html}/${commit.sha}`,
    comments_url: `${api}/commits/${commit.sha}/comments`,
    author: null,
    committer: null,
    parents: commit.parents.map((sha) => ({ sha, url: `${api}/commits/${sha}`, html_url: `${html}/${sha}` })),
  };
}

/** `GET /repos/{owner}/{repo}/git/commits/{sha}`. */
export function renderGitCommit(world: World, repository: Repository, commit: Commit): Json {
  const api = repositoryUrl(world, repository);
  const html = `${world.urls.web}/${fullNameOf(repository)}/commit`;
  return {
    sha: commit.sha,
    node_id: nodeIdOf('C', Number.parseInt(commit.sha.slice(0, 8), 16)),
    url: `${api}/git/commits/${commit.sha}`,
    html_url: `${html}/${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    message: commit.message,
    tree: { sha: commit.treeSha, url: `${api}/git/trees/${commit.treeSha}` },
    parents: commit.parents.map((sha) => ({ sha, url: `${api}/git/commits/${sha}`, html_url: `${html}/${sha}` })),
    verification: UNSIGNED,
  };
}

export const renderFile = (world: World, repository: Repository, sha: string, file: ChangedFile): Json => {
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  return {
    sha,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${world.urls.web}/${fullNameOf(repository)}/blob/${sha}/${path}`,
    raw_url: `${world.urls.web}/${fullNameOf(repository)}/raw/${sha}/${path}`,
    contents_url: `${repositoryUrl(world, repository)}/contents/${path}?ref=${sha}`,
  };
};

/** The short form beside a check suite. */
export const renderSimpleCommit = (commit: Commit): Json => ({
  id: commit.sha,
  tree_id: commit.treeSha,
  message: commit.message,
  timestamp: commit.committer.date,
  author: { name: commit.author.name, email: commit.author.email },
  committer: { name: commit.committer.name, email: commit.committer.email },
});

/** A commit of the body of a `push` event. */
export async function renderPushedCommit(world: World, repository: Repository, commit: Commit): Promise<Json> {
  const files = await changedFiles(repository.directory, commit.parents[0] ?? EMPTY_TREE, commit.sha);
  const pathsOf = (status: ChangedFile['status']): readonly string[] =>
    files.filter((one) => one.status === status).map((one) => one.path);
  return {
    ...renderSimpleCommit(commit),
    distinct: true,
    url: `${world.urls.web}/${fullNameOf(repository)}/commit/${commit.sha}`,
    added: pathsOf('added'),
    removed: pathsOf('removed'),
    modified: pathsOf('modified'),
  };
}
