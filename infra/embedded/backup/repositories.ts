import { copyFile, link, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../../../domain/failures.js';
import { errorCode } from '../../errors.js';
import { REPOSITORY_CONFIG } from '../../git/mirror.js';

const NAME = /^[0-9a-z][0-9a-z-]{0,79}\.git$/;
const ROUNDS = 20;

/** Names of the repositories in a directory of them. */
export const listRepositories = async (directory: string): Promise<readonly string[]> =>
  (await namesIn(directory)).filter((name) => NAME.test(name)).sort();

/**
 * Copies a bare repository while others write and pack it. Refs come first and objects after them, so that every ref
 * of the copy finds its objects; loose objects before packs, because packing moves them that way. Objects never
 * change, so they are linked where the disk allows it. The configuration stays behind: a restore writes its own.
 */
export const snapshotRepository = async (source: string, target: string): Promise<void> => {
  for (const path of await filesBelow(join(source, 'refs')))
    await copyRef(path, join(target, path.slice(source.length)));
  await copyRef(join(source, 'packed-refs'), join(target, 'packed-refs'));
  await copyRef(join(source, 'HEAD'), join(target, 'HEAD'));
  await mkdir(join(target, 'refs'), { recursive: true });
  const objects = join(source, 'objects');
  for (const path of await filesBelow(objects)) {
    if (/\/[0-9a-f]{2}\/[0-9a-f]{38}$/.test(path)) await place(path, join(target, path.slice(source.length)));
  }
  await copyPacks(join(objects, 'pack'), join(target, 'objects/pack'));
};

/** A pack may be replaced by another while they are copied: it is looked again until none went meanwhile. */
const copyPacks = async (source: string, target: string): Promise<void> => {
  await mkdir(target, { recursive: true });
  for (let round = 0; round < ROUNDS; round++) {
    const names = await namesIn(source);
    // The index is written last, so a pack that has one is whole.
    const packs = names.filter((name) => name.endsWith('.idx')).map((name) => name.slice(0, -'.idx'.length));
    const placed = await Promise.all(
      packs.flatMap((pack) =>
        ['.pack', '.idx'].map((end) => place(join(source, pack + end), join(target, pack + end))),
      ),
    );
    if (placed.every(Boolean)) return;
  }
  throw new Failure('Unavailable', `${source} does not come to rest: try the backup again.`);
};

/** Gives a copied repository our configuration and puts it where it belongs. */
export const adoptRepository = async (source: string, target: string): Promise<void> => {
  await writeFile(join(source, 'config'), REPOSITORY_CONFIG, { mode: 0o644 });
  await mkdir(dirname(target), { recursive: true });
  await rename(source, target);
};

const copyRef = async (source: string, target: string): Promise<void> => {
  let text: string;
  try {
    text = await readFile(source, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return; // packed or deleted meanwhile, or no ref was ever packed
    throw error;
  }
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text, { mode: 0o644 });
};

/** Answers false when the source is gone. */
const place = async (source: string, target: string): Promise<boolean> => {
  await mkdir(dirname(target), { recursive: true });
  try {
    await link(source, target).catch(async (error: unknown) => {
      if (errorCode(error) === 'EEXIST') return;
      if (errorCode(error) === 'ENOENT') throw error;
      await copyFile(source, target); // another disk
    });
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
};

const namesIn = async (directory: string): Promise<readonly string[]> => {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
};

const filesBelow = async (directory: string): Promise<readonly string[]> => {
  const found: string[] = [];
  const visit = async (path: string): Promise<void> => {
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return []; // emptied and removed meanwhile
      throw error;
    });
    for (const entry of entries) {
      if (entry.isDirectory()) await visit(join(path, entry.name));
      else if (entry.isFile() && !entry.name.endsWith('.lock')) found.push(join(path, entry.name));
    }
  };
  await visit(directory);
  return found;
};
