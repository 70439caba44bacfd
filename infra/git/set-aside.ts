import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inflate } from 'node:zlib';
import { isMissing } from './tree-record.js';

const HASH_BYTES = 20;
const LOOSE = /^[0-9a-f]{38}$/;
/** Made from the objects, and made anew when it is not there. */
const DERIVED = ['info/commit-graph', 'info/commit-graphs', 'pack/multi-pack-index'];

/**
 * Moves every object file that is not what its name or its own checksum says to `aside`, where a person can look at
 * it. What was damaged is missing then, so nothing is built on it. Answers the names of the files.
 * @param beforeFirst is awaited before the first file goes
 */
export async function setDamagedAside(
  gitDir: string,
  { aside, beforeFirst, signal }: { aside: string; beforeFirst: () => Promise<void>; signal?: AbortSignal | undefined },
): Promise<readonly string[]> {
  const objects = join(gitDir, 'objects');
  const damaged = [...(await damagedLoose(objects, signal)), ...(await damagedPacks(objects, signal))];
  if (damaged.length === 0) return [];
  await beforeFirst();
  await mkdir(aside, { recursive: true, mode: 0o755 });
  for (const name of damaged) await moveAway(join(objects, name), join(aside, name.replace('/', '-')));
  for (const name of DERIVED) await rm(join(objects, name), { recursive: true, force: true });
  return damaged;
}

async function damagedLoose(objects: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const directory of (await names(objects)).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    signal?.throwIfAborted();
    for (const name of (await names(join(objects, directory))).filter((one) => LOOSE.test(one))) {
      const isSound = await isSoundLoose(join(objects, directory, name), directory + name);
      if (!isSound) damaged.push(`${directory}/${name}`);
    }
  }
  return damaged;
}

async function isSoundLoose(path: string, id: string): Promise<boolean> {
  const packed = await contentOf(path);
  if (packed === 'gone') return true;
  const content = packed === undefined ? undefined : await inflated(packed);
  return content !== undefined && createHash('sha1').update(content).digest('hex') === id;
}

/** Undefined unless it is one whole stream and nothing behind it. */
const inflated = (packed: Buffer): Promise<Buffer | undefined> =>
  new Promise((resolve) => {
    // With `info` the answer is an object that the types do not know: the content, and the stream that read it.
    inflate(packed, { info: true }, (error, answer) => {
      const { buffer, engine } = (answer ?? {}) as unknown as {
        buffer?: Buffer;
        engine?: { readonly bytesWritten: number };
      };
      resolve(error === null && engine?.bytesWritten === packed.length ? buffer : undefined);
    });
  });

/** A pack goes with all that belongs to it: an index without its pack names what is not there. */
async function damagedPacks(objects: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const all = await names(join(objects, 'pack'));
  const damaged: string[] = [];
  for (const pack of all.filter((name) => name.endsWith('.pack'))) {
    const stem = pack.slice(0, -'.pack'.length);
    // Its index is written last: without it the pack is still being written.
    if (!all.includes(`${stem}.idx`)) continue;
    const files = [`${stem}.idx`, pack].map((name) => join(objects, 'pack', name));
    const sound = await Promise.all(files.map((file) => endsInItsHash(file, signal)));
    if (sound.includes(false)) damaged.push(...all.filter((name) => name.startsWith(`${stem}.`)));
  }
  // The index first: nobody looks for a pack that has none.
  return damaged.sort((a, b) => Number(b.endsWith('.idx')) - Number(a.endsWith('.idx'))).map((name) => `pack/${name}`);
}

/** Of a file whose last 20 bytes are the SHA-1 of the rest, as git writes packs and their indexes. */
async function endsInItsHash(path: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const file = await open(path);
    const { size } = await file.stat().finally(() => file.close());
    if (size <= HASH_BYTES) return false;
    const hash = createHash('sha1');
    let end = Buffer.alloc(0);
    for await (const chunk of createReadStream(path, { signal, highWaterMark: 2 ** 20 })) {
      const read = Buffer.concat([end, chunk as Buffer]);
      hash.update(read.subarray(0, -HASH_BYTES));
      end = read.subarray(-HASH_BYTES);
    }
    return hash.digest().equals(end);
  } catch (error) {
    if (isMissing(error)) return true;
    if (isUnreadable(error)) return false;
    throw error;
  }
}

async function contentOf(path: string): Promise<Buffer | 'gone' | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return 'gone';
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** The disk itself does not give it back. */
const isUnreadable = (error: unknown): boolean => (error as NodeJS.ErrnoException | undefined)?.code === 'EIO';

async function moveAway(from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
  } catch (error) {
    // Packed and removed meanwhile.
    if (!isMissing(error)) throw error;
  }
}

const names = async (directory: string): Promise<readonly string[]> => {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};
