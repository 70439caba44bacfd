import { readCommit } from '../git/read.js';
import { tryGit } from '../git/run.js';
import { renderUser } from '../render/account.js';
import { renderCommitOfEvent } from '../render/commit.js';
import { repositoryUrl } from '../render/repository.js';
import type { CommitStatus } from '../state/checks.js';
import type { Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import { emit } from '../webhooks/emit.js';
import type { World } from '../world.js';

export async function createStatus(
  world: World,
  repository: Repository,
  input: Omit<CommitStatus, 'id' | 'repositoryId' | 'createdAt' | 'createdAtMs'>,
): Promise<CommitStatus> {
  const { state, clock } = world;
  const status = {
    ...input,
    id: state.nextId(),
    repositoryId: repository.id,
    createdAt: clock.at(),
    createdAtMs: clock.now(),
  };
  state.statuses.push(status);
  const api = repositoryUrl(world, repository);
  const { out } = await tryGit(repository.directory, [
    'for-each-ref',
    '--points-at',
    input.sha,
    '--format=%(refname:short)',
    'refs/heads',
  ]);
  const commit = { sha: input.sha, url: `${api}/commits/${input.sha}` };
  emit(world, {
    event: 'status',
    repository,
    login: input.login,
    fields: {
      id: status.id,
      sha: status.sha,
      name: fullNameOf(repository),
      avatar_url: String(renderUser(world, input.login).avatar_url),
      target_url: status.targetUrl,
      context: status.context,
      description: status.description,
      state: status.state,
      commit: renderCommitOfEvent(world, repository, await readCommit(repository.directory, input.sha)),
      branches: out
        .split('\n')
        .filter(Boolean)
        .map((name) => ({ name, commit, protected: false })),
      created_at: status.createdAt,
      updated_at: status.createdAt,
    },
  });
  return status;
}
