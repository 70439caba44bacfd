import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DETECTION_FILES, type RepositoryFiles } from '../../domain/project-config/detect.js';

const MAX_PATHS = 20_000;
const MAX_DEPTH = 4;
const MAX_BYTES = 1024 * 1024;
/** What tools write, and nobody commits. */
const SKIPPED = new Set(['.git', 'node_modules', 'dist', 'build', 'target', '.venv', 'venv']);

/** The repository as it lies in a directory; deep and huge ones are looked at in part. */
export function lookAt(root: string): RepositoryFiles {
  const paths: string[] = [];
  const visit = (directory: string, depth: number): void => {
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      if (paths.length >= MAX_PATHS) return;
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isFile()) paths.push(path);
      else if (entry.isDirectory() && depth < MAX_DEPTH && !SKIPPED.has(entry.name)) visit(path, depth + 1);
    }
  };
  visit('', 0);
  return { paths, read: (path) => readSmall(join(root, path), path) };
}

const readSmall = (file: string, path: string): string | undefined => {
  if (!DETECTION_FILES.some((name) => name === path) || !existsSync(file)) return undefined;
  return statSync(file).size > MAX_BYTES ? undefined : readFileSync(file, 'utf8');
};
