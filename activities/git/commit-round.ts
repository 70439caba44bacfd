import { parsePerson } from '../../infra/git/commit.js';
import { checkFence } from '../../infra/git/fence.js';
import { requireCommits } from '../../infra/git/mirrors.js';
import { filesWithMarkers } from '../../infra/git/rebase.js';
import { commitRound as commitAndPush } from '../../infra/git/rounds.js';
import { takeSnapshot } from '../../infra/git/snapshot.js';
import type { CommitOutcome, CommitRoundInput } from '../../workflows/contract/activities/git.js';
import { findGitProject } from './git-project.repository.js';
import type { TreeDeps } from './ports.js';
import { roundMessage, taskTrailer } from './texts.js';

/** Enough for people and mails; the rest is in git. */
const LISTED_FILES = 200;

/** The tree as it is becomes one commit on the pushed task branch, or says why not. */
export async function commitRound(
  deps: TreeDeps,
  input: CommitRoundInput & { readonly attemptFence: string; readonly atSeconds: number },
  signal: AbortSignal,
): Promise<CommitOutcome> {
  const { projectId, treeId, taskId, parents, attemptFence, atSeconds } = input;
  const { tree, record } = await deps.trees.open(treeId);
  const repository = await deps.mirrors.ensure(projectId, signal);
  const remote = await deps.forge.remote(projectId);
  await requireCommits(repository, remote, parents, signal);
  await checkFence(tree, attemptFence);
  const snapshot = await takeSnapshot(repository, { tree, outputs: record.excluded, signal });
  if (snapshot.kind === 'refused') return snapshot;
  const marked = await filesWithMarkers(repository, { at: snapshot.tree, paths: input.conflictFiles ?? [], signal });
  if (marked.length > 0) return { kind: 'markers', files: marked };
  const { commitIdentity } = await findGitProject(deps.pools.writes, projectId);
  await checkFence(tree, attemptFence);
  const done = await commitAndPush(repository, {
    tree: snapshot.tree,
    parents,
    message: roundMessage({ ...input, isMerge: parents.length > 1 }),
    trailer: taskTrailer(taskId ?? record.ownerId ?? treeId),
    author: parsePerson(commitIdentity),
    atSeconds,
    branch: input.branch,
    remote,
    signal,
  });
  const left = snapshot.ignored.length === 0 ? {} : { ignored: snapshot.ignored };
  if (done === undefined) return { kind: 'no_change', ...left };
  const files = done.files.slice(0, LISTED_FILES);
  return { kind: 'committed', headSha: done.headSha, treeSha: snapshot.tree, files, ...left };
}
