import { Failure } from '../../domain/failures.js';
import { checkFence } from '../../infra/git/fence.js';
import { failureReason } from '../../infra/git/git-failures.js';
import { fetchBranch } from '../../infra/git/mirror.js';
import { requireCommits } from '../../infra/git/mirrors.js';
import { readCommit } from '../../infra/git/objects.js';
import type { GitRemote, Repository } from '../../infra/git/repository.js';
import type { AcquireTreeInput } from '../../workflows/contract/activities/git.js';
import { listCheckpointsBefore } from '../store/turn.repository.js';
import type { TreeDeps } from './ports.js';

/** Subject of a checkpoint's commit; its parent is what the work started from. */
const CHECKPOINT = /^Checkpoint of /;

/**
 * The owner's tree with the files asked for and the outputs of `setup` in it. Where a checkpoint was lost with the disk
 * that held it, the newest one before it in the same run is as good.
 * @throws NotFound when neither is there any more
 */
export async function acquireTree(deps: TreeDeps, input: AcquireInput, signal: AbortSignal): Promise<AcquiredTree> {
  try {
    return await takeTree(deps, input, signal);
  } catch (error) {
    if (input.at === undefined || !isLost(error)) throw error;
    const before = await listCheckpointsBefore(deps.pools.writes, input.at);
    // It is no checkpoint, and what else may be asked for is on the forge.
    if (before === undefined) throw error;
    for (const at of before) {
      const taken = await takeTree(deps, { ...input, at }, signal).catch((failure: unknown) => {
        if (!isLost(failure)) throw failure;
      });
      if (taken !== undefined) return taken;
    }
    const words = `the checkpoint ${input.at} is lost, and so are those before it`;
    throw new Failure('NotFound', words, { reason: 'CHECKPOINT' }, { cause: error });
  }
}

type AcquireInput = AcquireTreeInput & { readonly attemptFence: string };
type AcquiredTree = { readonly treeId: string; readonly baseSha: string };

const isLost = (error: unknown): boolean => ['OBJECT', 'OBJECT_CORRUPT'].includes(failureReason(error) ?? '');

async function takeTree(deps: TreeDeps, input: AcquireInput, signal: AbortSignal): Promise<AcquiredTree> {
  const { projectId, ownerId, taskId, at, mode, attemptFence } = input;
  const repository = await deps.mirrors.ensure(projectId, signal);
  const remote = await deps.forge.remote(projectId);
  const treeId = ownerId.toLowerCase();
  if (await deps.trees.find(treeId)) await checkFence(deps.trees.store.live(treeId), attemptFence);
  const baseSha = await baseOf(repository, remote, input, signal);
  const { tree, record } = await deps.trees.acquire({
    repository,
    treeId,
    projectId,
    ownerId,
    ...(taskId === undefined ? {} : { taskId }),
    mode,
    baseSha,
    ...(at === undefined ? {} : { checkOut: at }),
    signal,
  });
  await checkFence(tree, attemptFence);
  await installSetup(deps, { repository, projectId, treeId, commit: at ?? record.baseSha ?? baseSha }, signal);
  return { treeId, baseSha: record.baseSha ?? baseSha };
}

async function baseOf(
  repository: Repository,
  remote: GitRemote,
  { at, branch }: AcquireTreeInput,
  signal: AbortSignal,
): Promise<string> {
  if (at === undefined) return await fetchBranch(repository, remote, branch, signal);
  await requireCommits(repository, remote, [at], signal);
  const { message, parents } = await readCommit(repository, at, signal);
  return (CHECKPOINT.test(message) ? parents[0] : undefined) ?? at;
}

/**
 * The outputs are declared before they are copied, so that an attempt that dies in between leaves nothing that a
 * snapshot would take for work; the key is recorded after, so that the next one copies again.
 */
export async function installSetup(
  { trees, setup }: Pick<TreeDeps, 'trees' | 'setup'>,
  { repository, projectId, treeId, commit }: InstallInput,
  signal: AbortSignal,
): Promise<void> {
  const { tree, record } = await trees.open(treeId);
  const input = { projectId, commit, tree: tree.source, signal };
  const wanted = await setup.describe(input);
  if (wanted === undefined || wanted.key === record.layerKey) return;
  await trees.setLayer(treeId, { repository, outputs: wanted.outputs });
  await setup.install(input);
  await trees.setLayer(treeId, { repository, ...wanted });
}

export interface InstallInput {
  readonly repository: Repository;
  readonly projectId: string;
  readonly treeId: string;
  /** Whose configuration and files say what is needed. */
  readonly commit: string;
}
