import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { listTree } from '../../../infra/git/objects.js';
import { pathText, type Repository } from '../../../infra/git/repository.js';
import { bytes } from '../../../infra/git/scan.js';

/** `<mode> <blob> <path>` of every file and link, as git would keep them. */
export const filesOnDisk = async (root: string): Promise<readonly string[]> => {
  const found: string[] = [];
  const waiting = [''];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop())
    for (const entry of await readdir(bytes(root, directory), { withFileTypes: true, encoding: 'buffer' })) {
      const name = entry.name.toString('latin1');
      const path = directory === '' ? name : `${directory}/${name}`;
      if (path === '.git') continue;
      if (entry.isDirectory()) waiting.push(path);
      else found.push(`${await modeAndBlob(bytes(root, path), entry)} ${pathText(path)}`);
    }
  return found.sort();
};

const modeAndBlob = async (path: Buffer, entry: Dirent<Buffer>): Promise<string> => {
  if (entry.isSymbolicLink()) return `120000 ${blobOf(await readlink(path, { encoding: 'buffer' }))}`;
  if (!entry.isFile()) return `special ${'0'.repeat(40)}`;
  const { mode } = await lstat(path);
  return `${(mode & 0o100) === 0 ? '100644' : '100755'} ${blobOf(await readFile(path))}`;
};

export const blobOf = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

export const filesInTree = async (repo: Repository, tree: string): Promise<readonly string[]> =>
  (await listTree(repo, tree)).map(({ mode, blob, path }) => `${mode} ${blob} ${path}`).sort();

/** The first difference in words; undefined when both are the same. */
export const difference = (kept: readonly string[], there: readonly string[]): string | undefined => {
  const [lost] = there.filter((line) => !kept.includes(line));
  if (lost !== undefined) return `not kept: ${lost}`;
  const [added] = kept.filter((line) => !there.includes(line));
  return added === undefined ? undefined : `kept, but not there: ${added}`;
};
