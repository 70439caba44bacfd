import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ownIdentity } from '../process-identity.js';
import { removeDirectory } from '../remove-directory.js';
import { findRecord, isMissing, type Tree, type TreeRecord, treeAt, writeRecord } from './tree-record.js';

/**
 * Where trees are: `live/<tree id>` in use, `pool/<project id>/<name>` clean and free, `transit/<name>` being
 * made, reset or removed. A tree changes place by one rename, so it is always in exactly one of them and two
 * takers cannot get the same.
 */
export class TreeStore {
  constructor(private readonly root: string) {}

  /** The tree in use under this id; it may not exist. @throws InvalidInput for an id that is no plain name */
  live(treeId: string): Tree {
    return treeAt(join(this.root, 'live'), treeId);
  }

  async listLive(): Promise<readonly Tree[]> {
    return (await names(join(this.root, 'live'))).map((name) => this.live(name));
  }

  async listPooled(projectId: string): Promise<readonly Tree[]> {
    const place = this.pool(projectId);
    return (await names(place)).map((name) => treeAt(place, name));
  }

  async listPools(): Promise<readonly string[]> {
    return await names(join(this.root, 'pool'));
  }

  async listTransit(): Promise<readonly Tree[]> {
    const place = join(this.root, 'transit');
    return (await names(place)).map((name) => treeAt(place, name));
  }

  /** A place for a tree that is being made. */
  newTransit(): Tree {
    return treeAt(join(this.root, 'transit'), randomUUID());
  }

  /** False when another taker was first, or the place is taken. */
  async toLive(tree: Tree, treeId: string): Promise<boolean> {
    return await moved(tree, this.live(treeId));
  }

  async toPool(tree: Tree, projectId: string): Promise<boolean> {
    return await moved(tree, treeAt(this.pool(projectId), randomUUID()));
  }

  /** Out of reach of everybody but this process, whose name the record bears from then on. */
  async toTransit(tree: Tree): Promise<Tree | undefined> {
    const record = await findRecord(tree);
    try {
      if (record !== undefined) await writeRecord(tree, { ...record, process: ownIdentity() });
    } catch (error) {
      if (isMissing(error)) return undefined; // another taker was first
      throw error;
    }
    const to = this.newTransit();
    return (await moved(tree, to)) ? to : undefined;
  }

  async remove(tree: Tree): Promise<void> {
    const away = await this.toTransit(tree);
    if (away !== undefined) await removeDirectory(away.directory);
  }

  private pool(projectId: string): string {
    return treeAt(join(this.root, 'pool'), projectId).directory;
  }
}

export const changeRecord = async (tree: Tree, record: Omit<TreeRecord, 'process'>): Promise<void> =>
  writeRecord(tree, { ...record, process: ownIdentity() });

const TAKEN = ['ENOENT', 'ENOTEMPTY', 'EEXIST'];

async function moved(from: Tree, to: Tree): Promise<boolean> {
  await mkdir(join(to.directory, '..'), { recursive: true, mode: 0o755 });
  try {
    await rename(from.directory, to.directory);
    return true;
  } catch (error) {
    if (TAKEN.includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function names(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
