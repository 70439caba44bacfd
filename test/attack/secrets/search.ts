import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { findIn, type Needle } from './needles.js';

export interface Secret {
  readonly name: string;
  readonly needles: readonly Needle[];
  /** Paths below the directory that is searched, or words of another place, where it may be. */
  readonly mayBeIn: readonly string[];
}

const MAX_BYTES = 1024 ** 3;

/** Where each secret was found, in words. */
export const searchText = (place: string, text: Buffer, secrets: readonly Secret[]): readonly string[] =>
  secrets.flatMap(({ name, needles, mayBeIn }) => {
    const form = mayBeIn.includes(place) ? undefined : findIn(text, needles);
    return form === undefined ? [] : [`${name} (${form}) in ${place}`];
  });

/** Every file below, what git and gzip have packed included. @param onFile for each file that was looked at */
export const searchDisk = (root: string, secrets: readonly Secret[], onFile: () => void): readonly string[] =>
  filesBelow(root).flatMap((path) => {
    const place = relative(root, path);
    const content = contentOf(path);
    if (content === undefined) return [];
    onFile();
    return [
      ...searchText(place, content, secrets),
      ...searchText(`${place}, unpacked`, unpacked(path, content), secrets),
    ];
  });

const filesBelow = (directory: string): readonly string[] =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });

const contentOf = (path: string): Buffer | undefined => {
  try {
    return lstatSync(path).size > MAX_BYTES ? undefined : readFileSync(path);
  } catch {
    return undefined; // gone meanwhile
  }
};

const unpacked = (path: string, content: Buffer): Buffer => {
  if (content[0] === 0x1f && content[1] === 0x8b) return gunzipSync(content, { maxOutputLength: MAX_BYTES });
  // One file of a repository stands for all of its objects.
  if (!path.endsWith('/HEAD') || !existsSync(join(path, '../objects'))) return Buffer.alloc(0);
  const repository = join(path, '..');
  const argv = ['--git-dir', repository, 'cat-file', '--batch', '--batch-all-objects'];
  return execFileSync('git', argv, {
    maxBuffer: MAX_BYTES,
    env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null' },
  });
};
