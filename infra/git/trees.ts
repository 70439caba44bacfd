import { Failure } from '../../domain/failures.js';
import { faultPoint } from '../fault-point.js';
import { removeDirectory } from '../remove-directory.js';
import { writeExcludes } from './excludes.js';
import { inTurn } from './in-turn.js';
import type { Repository } from './repository.js';
import type { Git } from './run.js';
import { forceContent, moveClean, removeOutputs } from './tree-content.js';
import { makeDirectories } from './tree-files.js';
import { findRecord, readRecord, type Tree, type TreeRecord } from './tree-record.js';
import { changeRecord, TreeStore } from './tree-store.js';

export interface TreesOptions {
  readonly git: Git;
  /** Directory of all trees of this host. */
  readonly root: string;
  /** Clean trees kept per project. Default 8: as many as tasks of one project commonly start at once. */
  readonly pooledPerProject?: number;
}

export interface AcquireInput {
  readonly repository: Repository;
  readonly treeId: string;
  readonly projectId: string;
  readonly ownerId: string;
  readonly taskId?: string;
  readonly mode: 'write' | 'read';
  readonly baseSha: string;
  /** What to check out, when it is not the base itself: a checkpoint. */
  readonly checkOut?: string;
  readonly signal?: AbortSignal | undefined;
}

const POOLED_PER_PROJECT = 8;

/** Working trees of one host: taken from a pool that is cleaned in the background, given back when work ends. */
export class Trees {
  readonly store: TreeStore;
  private readonly background = new Set<Promise<void>>();

  constructor(private readonly options: TreesOptions) {
    this.store = new TreeStore(options.root);
  }

  /** @throws WorktreeLost when there is no such tree */
  async open(treeId: string): Promise<{ readonly tree: Tree; readonly record: TreeRecord }> {
    const tree = this.store.live(treeId);
    return { tree, record: await readRecord(tree) };
  }

  /** Undefined when there is no such tree. */
  find(treeId: string): Promise<TreeRecord | undefined> {
    return findRecord(this.store.live(treeId));
  }

  /**
   * The owner's tree at the base. Asked again it answers the same tree with its edits, unless `checkOut` names
   * other content: then the files become exactly that.
   * @throws NotFound when the commit is not in the mirror; Unavailable `DISK_FULL`; Conflict for another owner's tree
   */
  acquire(input: AcquireInput): Promise<{ readonly tree: Tree; readonly record: TreeRecord }> {
    return inTurn(this.store.live(input.treeId).directory, async () => {
      const tree = this.store.live(input.treeId);
      const record = await findRecord(tree);
      // One of the pool belongs to nobody until its taker has said so, and who is killed before that leaves a ruin too.
      if (record?.ownerId === undefined) await this.takeFresh(input, tree);
      else await this.adopt(input, tree, record);
      return { tree, record: await readRecord(tree) };
    });
  }

  /** Makes the files exactly those of a commit or tree; outputs of `setup` stay. */
  async force(
    treeId: string,
    input: { repository: Repository; to: string; signal?: AbortSignal | undefined },
  ): Promise<void> {
    const { tree, record } = await this.open(treeId);
    await changeRecord(tree, { ...record, ready: false });
    await forceContent(input.repository, tree, { to: input.to, keep: record.excluded, ...signalOf(input) });
    await changeRecord(tree, { ...record, checkedOut: input.to, ready: true });
  }

  /**
   * Declares what `setup` puts into the tree: it stays in resets and out of snapshots until the tree is released.
   * What an earlier declaration named goes. Without `key` the outputs are not trusted to be there yet.
   */
  async setLayer(
    treeId: string,
    layer: { readonly repository: Repository; readonly key?: string; readonly outputs: readonly string[] },
  ): Promise<void> {
    const { tree, record } = await this.open(treeId);
    const gone = record.excluded.filter((path) => !layer.outputs.includes(path));
    if (gone.length > 0) await removeOutputs(layer.repository, tree, gone);
    await writeExcludes(tree, layer.outputs);
    const { layerKey: _, ...rest } = record;
    await changeRecord(tree, {
      ...rest,
      ...(layer.key === undefined ? {} : { layerKey: layer.key }),
      excluded: layer.outputs,
    });
  }

  /**
   * Gives the tree back; it is cleaned in the background and pooled, or removed when the pool is full. An
   * unknown tree is released already. @throws Conflict for another owner's tree
   */
  async release(treeId: string, { ownerId, repository }: { ownerId: string; repository: Repository }): Promise<void> {
    const tree = this.store.live(treeId);
    const record = await findRecord(tree);
    if (record?.ownerId !== undefined && record.ownerId !== ownerId) throw belongsToAnother(treeId);
    const away = await this.store.toTransit(tree);
    if (away === undefined) return;
    this.inBackground(record === undefined ? removeDirectory(away.directory) : this.recycle(repository, away, record));
  }

  /** Brings the pool's trees to a commit, so that taking one costs only what changed since. */
  async refreshPool(repository: Repository, { projectId, sha }: { projectId: string; sha: string }): Promise<void> {
    for (const pooled of await this.store.listPooled(projectId)) {
      const record = await findRecord(pooled);
      if (record?.checkedOut === sha) continue;
      const away = await this.store.toTransit(pooled);
      if (away !== undefined) await this.recycle(repository, away, record, sha);
    }
  }

  /** Resolves when no tree is being cleaned. */
  async settle(): Promise<void> {
    while (this.background.size > 0) await Promise.all(this.background);
  }

  private async takeFresh(input: AcquireInput, tree: Tree): Promise<void> {
    // What is there without an owner is the ruin of a killed attempt.
    await this.store.remove(tree);
    for (const pooled of await this.store.listPooled(input.projectId)) {
      if (!(await this.store.toLive(pooled, input.treeId))) continue;
      await faultPoint('tree.before-call');
      const record = await findRecord(tree);
      if (record?.ready && (await this.tryMove(input, tree, record))) return;
      await this.store.remove(tree);
    }
    const made = await this.makeEmpty(input);
    if (!(await this.store.toLive(made, input.treeId))) throw belongsToAnother(input.treeId);
    await writeExcludes(tree, []);
    await faultPoint('tree.before-call');
    await forceContent(input.repository, tree, { to: target(input), ...signalOf(input) });
    await faultPoint('tree.after-call-before-record');
    await changeRecord(tree, recordOf(input, { ready: true }));
    await faultPoint('tree.after-record-before-ack');
  }

  private async makeEmpty(input: AcquireInput): Promise<Tree> {
    const made = this.store.newTransit();
    try {
      await makeDirectories(made, this.options.git.treeOwner);
      await changeRecord(made, recordOf(input, { ready: false }));
      return made;
    } catch (error) {
      // On a full disk each of many tries would leave one behind, without a record that says whose it is.
      await removeDirectory(made.directory);
      throw error;
    }
  }

  private async tryMove(input: AcquireInput, tree: Tree, pooled: TreeRecord): Promise<boolean> {
    await changeRecord(tree, recordOf(input, { ready: false }));
    await writeExcludes(tree, []);
    try {
      if (pooled.checkedOut !== target(input)) await moveClean(input.repository, tree, target(input), input.signal);
    } catch (error) {
      if (input.signal?.aborted || !isTreesFault(error)) throw error;
      return false;
    }
    await changeRecord(tree, recordOf(input, { ready: true }));
    return true;
  }

  private async adopt(input: AcquireInput, tree: Tree, record: TreeRecord): Promise<void> {
    if (record.ownerId !== input.ownerId || record.projectId !== input.projectId) throw belongsToAnother(input.treeId);
    if (record.ready && input.checkOut === undefined) {
      await changeRecord(tree, { ...record, mode: input.mode });
      return;
    }
    const kept = { ...(record.layerKey === undefined ? {} : { layerKey: record.layerKey }), excluded: record.excluded };
    await makeDirectories(tree, this.options.git.treeOwner);
    await changeRecord(tree, { ...recordOf(input, { ready: false }), ...kept });
    await forceContent(input.repository, tree, { to: target(input), keep: record.excluded, ...signalOf(input) });
    await changeRecord(tree, { ...recordOf(input, { ready: true }), ...kept });
  }

  /** What an earlier owner left must not be there, outputs of `setup` included: the next tree gets fresh ones. */
  private async recycle(
    repository: Repository,
    away: Tree,
    record: TreeRecord | undefined,
    to?: string,
  ): Promise<void> {
    const sha = to ?? record?.baseSha;
    try {
      const pooled = record === undefined ? [] : await this.store.listPooled(record.projectId);
      if (
        record === undefined ||
        sha === undefined ||
        pooled.length >= (this.options.pooledPerProject ?? POOLED_PER_PROJECT)
      ) {
        await removeDirectory(away.directory);
        return;
      }
      await forceContent(repository, away, { to: sha });
      await writeExcludes(away, []);
      const { projectId } = record;
      await changeRecord(away, { projectId, mode: 'write', checkedOut: sha, baseSha: sha, ready: true, excluded: [] });
      if (await this.store.toPool(away, projectId)) return;
    } catch {
      // A tree that cannot be cleaned is worth nothing; a new one costs a second.
    }
    await removeDirectory(away.directory);
  }

  private inBackground(work: Promise<void>): void {
    // A tree that cannot be removed stays in transit, where the janitor finds it.
    const settled = work.catch(() => undefined).finally(() => this.background.delete(settled));
    this.background.add(settled);
  }
}

const target = (input: AcquireInput): string => input.checkOut ?? input.baseSha;

const recordOf = (input: AcquireInput, { ready }: { ready: boolean }): Omit<TreeRecord, 'process'> => ({
  projectId: input.projectId,
  ownerId: input.ownerId,
  ...(input.taskId === undefined ? {} : { taskId: input.taskId }),
  mode: input.mode,
  baseSha: input.baseSha,
  checkedOut: target(input),
  ready,
  excluded: [],
});

const signalOf = ({ signal }: { readonly signal?: AbortSignal | undefined }): { signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };

/** A pooled tree that was not as its record says; disks and missing commits are not the tree's fault. */
const isTreesFault = (error: unknown): boolean =>
  error instanceof Failure && ['Internal', 'Conflict', 'WorktreeLost'].includes(error.type);

const belongsToAnother = (treeId: string): Failure =>
  new Failure('Conflict', `the working tree ${treeId} belongs to another owner`);
