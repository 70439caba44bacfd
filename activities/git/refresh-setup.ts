import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { setupNote } from '../../domain/work-notes.js';
import { snapshotCommit } from '../../infra/git/checkpoint.js';
import type { Tree, TreeRecord } from '../../infra/git/tree-record.js';
import { CONFIG_FILE } from '../../infra/project-config/read.js';
import { installSetup } from './acquire-tree.js';
import type { TreeDeps } from './ports.js';

/**
 * Gives a tree the outputs of `setup` that its files ask for now: an agent may have edited the lock file. Answers words
 * for the agent when they cannot be made; the tree then keeps what it has.
 */
export type RefreshSetup = (
  tree: { readonly projectId: string; readonly treeId: string },
  signal: AbortSignal,
) => Promise<string | undefined>;

/** The outcome for one state of a tree's files; the same files are not asked about twice. */
interface Looked {
  readonly commit: string;
  readonly note?: string;
}

export function createRefreshSetup({
  trees,
  mirrors,
  setup,
}: Pick<TreeDeps, 'trees' | 'mirrors' | 'setup'>): RefreshSetup {
  const looked = new Map<string, Looked>();
  return async ({ projectId, treeId }, signal) => {
    const { tree, record } = await trees.open(treeId);
    const { baseSha } = record;
    if (record.mode === 'read' || baseSha === undefined || !(await mayHaveSetup(tree, record))) return undefined;
    const repository = await mirrors.open(projectId);
    const commit = await snapshotCommit(repository, { tree, baseSha, outputs: record.excluded, signal });
    // The seal and the commit tell the agent of files that git cannot keep.
    if (commit === undefined) return undefined;
    const before = looked.get(treeId);
    if (before?.commit === commit) return before.note;
    const note = await noteOf(() => installSetup({ trees, setup }, { repository, projectId, treeId, commit }, signal));
    looked.set(treeId, { commit, ...(note === undefined ? {} : { note }) });
    return note;
  };
}

/** What the repository's own files are to blame for is the agent's to mend, or to go on without. */
async function noteOf(install: () => Promise<void>): Promise<string | undefined> {
  try {
    await install();
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const isOfFiles = error.details.reason === 'SETUP_FAILED' || error.type === 'PermissionDenied';
    if (!isOfFiles) throw error;
    return setupNote(error.message);
  }
}

const CONFIG_BYTES = 2 ** 16;

/** Spares trees of projects without `setup` the look at all their files. */
async function mayHaveSetup(tree: Tree, { layerKey, excluded }: TreeRecord): Promise<boolean> {
  if (layerKey !== undefined || excluded.length > 0) return true;
  // The agent's file: a link, a pipe or a huge one is no configuration.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(tree.source, CONFIG_FILE), flags).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(CONFIG_BYTES) });
    return /^setup\s*:/m.test(buffer.toString('utf8', 0, bytesRead));
  } catch {
    // A directory of that name.
    return false;
  } finally {
    await file.close();
  }
}
