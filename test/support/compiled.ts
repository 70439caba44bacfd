import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { transformSync } from '@swc/core';

const repository = join(import.meta.dirname, '../..');

/**
 * Compiles folders of the repository to JavaScript that plain Node runs, for tests that kill processes. Answers the
 * directory; below `node_modules`, so that packages resolve. Remove it with `rm` when the suite ends.
 */
export const compileFolders = (name: string, folders: readonly string[]): { directory: string; rm: () => void } => {
  const directory = join(repository, 'node_modules/.cache', `millwright-${name}-${process.pid}`);
  rmSync(directory, { recursive: true, force: true });
  for (const folder of folders) compileInto(directory, join(repository, folder));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  return { directory, rm: () => rmSync(directory, { recursive: true, force: true }) };
};

const compileInto = (directory: string, path: string): void => {
  if (statSync(path).isDirectory()) {
    for (const entry of readdirSync(path)) compileInto(directory, join(path, entry));
    return;
  }
  const target = join(directory, relative(repository, path));
  mkdirSync(dirname(target), { recursive: true });
  if (!path.endsWith('.ts')) {
    cpSync(path, target);
    return;
  }
  const { code } = transformSync(readFileSync(path, 'utf8'), { filename: path, swcrc: true, sourceMaps: 'inline' });
  writeFileSync(target.replace(/\.ts$/, '.js'), code);
};
