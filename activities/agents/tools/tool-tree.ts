import { Failure } from '../../../domain/failures.js';
import { checkFence } from '../../../infra/git/fence.js';
import type { Trees } from '../../../infra/git/trees.js';
import type { Queryable } from '../../../infra/pg/statement.js';
import type { AgentRun } from '../../store/agent-run.repository.js';
import type { ToolTree } from './file-tools.js';

export interface ToolTreeDeps {
  readonly db: Queryable;
  readonly trees: Pick<Trees, 'open'>;
  /** Present where bubblewrap does not work: what refused work is told. */
  readonly whyNoSandbox?: string;
}

/**
 * The tree that a run works in, for this one write.
 * @throws WorktreeLost, Superseded, PermissionDenied for another owner's tree, InvalidState where there is no sandbox
 */
export const openToolTree = async (
  { db, trees, whyNoSandbox }: ToolTreeDeps,
  run: AgentRun,
  { treeId, fence }: { readonly treeId: string; readonly fence: string },
): Promise<ToolTree> => {
  const isolation = await findIsolation(db, run.projectId);
  if (isolation !== 'none' && whyNoSandbox !== undefined) throw new Failure('InvalidState', whyNoSandbox);
  const { tree, record } = await trees.open(treeId);
  const isOwn = record.ownerId === run.runId || (run.taskId !== null && record.ownerId === run.taskId);
  if (!isOwn || record.projectId !== run.projectId) {
    throw new Failure('PermissionDenied', 'The working tree belongs to another task.', { treeId });
  }
  if (!record.ready) throw new Failure('WorktreeLost', `the working tree ${treeId} was left half made`, { treeId });
  await checkFence(tree, fence);
  return { path: tree.source, isReadOnly: record.mode === 'read', isolation, ignoredPaths: record.excluded };
};

/** What an admin set on the project; nothing else can switch the sandbox off. */
const findIsolation = async (db: Queryable, projectId: string): Promise<'bubblewrap' | 'none'> => {
  const { rows } = await db.query<{ sandbox: string | null }>({
    name: 'find-project-isolation',
    text: `SELECT overrides ->> 'sandbox' AS sandbox FROM project WHERE id = $1`,
    values: [projectId],
  });
  return rows[0]?.sandbox === 'none' ? 'none' : 'bubblewrap';
};
