import * as fs from 'node:fs';
import type { FileAnswer, FileLimits, FileRequest } from './answer.js';
import { refuse } from './answer.js';
import { openDirectory, partsOf, readBytes } from './open.js';
import { isBinary } from './read-file.js';

type ListRequest = Extract<FileRequest, { tool: 'list_files' }>;
type SearchRequest = Extract<FileRequest, { tool: 'search' }>;

export function listFilesTool(request: ListRequest, limits: FileLimits): FileAnswer {
  const parts = partsOf(request.path);
  fs.closeSync(openDirectory(limits.root, parts, false));
  const isMatch = matcherOf(request.glob);
  const found: string[] = [];
  for (const file of filesBelow(limits, parts.join('/'))) {
    if (!isMatch(file)) continue;
    if (found.length === limits.maxListed) {
      return { ok: true, text: `${found.join('\n')}\n… more than ${limits.maxListed} files: narrow path or glob` };
    }
    found.push(file);
  }
  return { ok: true, text: found.length === 0 ? 'No files.' : found.join('\n') };
}

/** Answers `path:line: text` for each matching line. */
export function searchTool(request: SearchRequest, limits: FileLimits): FileAnswer {
  const parts = partsOf(request.path);
  const pattern = new RegExp(request.pattern);
  const isMatch = matcherOf(request.glob);
  const found: string[] = [];
  for (const file of searchedFiles(limits, parts)) {
    if (!isMatch(file)) continue;
    for (const hit of hitsIn(file, pattern, limits)) {
      if (found.length === request.maxResults) {
        return { ok: true, text: `${found.join('\n')}\n… more than ${request.maxResults} lines: narrow the search` };
      }
      found.push(hit);
    }
  }
  return { ok: true, text: found.length === 0 ? 'No line matches.' : found.join('\n') };
}

export function* hitsIn(file: string, pattern: RegExp, limits: FileLimits): Generator<string> {
  const parts = file.split('/');
  const name = parts.pop() ?? '';
  let bytes: Buffer;
  try {
    const directory = openDirectory(limits.root, parts, false);
    try {
      bytes = readBytes(directory, name, file, limits.maxFileBytes);
    } finally {
      fs.closeSync(directory);
    }
  } catch {
    return; // too large, unreadable or gone: search goes on with the rest
  }
  if (isBinary(bytes)) return;
  for (const [index, line] of bytes.toString('utf8').split('\n').entries()) {
    if (pattern.test(line)) yield `${file}:${index + 1}: ${line.length > 300 ? `${line.slice(0, 300)} …` : line}`;
  }
}

export function* searchedFiles(limits: FileLimits, parts: readonly string[]): Generator<string> {
  const place = parts.join('/');
  const stat = statOf(limits.root, parts);
  if (stat.isDirectory()) {
    fs.closeSync(openDirectory(limits.root, parts, false));
    yield* filesBelow(limits, place);
  } else if (stat.isFile()) yield place;
  else throw refuse('INVALID_INPUT', `${place} is neither a regular file nor a directory.`);
}

/** Follows no link on the way either: whether something exists behind it is nobody's business. */
export function statOf(root: string, parts: readonly string[]): fs.Stats {
  const name = parts[parts.length - 1];
  if (name === undefined) return fs.lstatSync(root);
  const directory = openDirectory(root, parts.slice(0, -1), false);
  try {
    return fs.lstatSync(`/proc/self/fd/${directory}/${name}`);
  } finally {
    fs.closeSync(directory);
  }
}

/** Regular files in order of path; links are not followed. */
export function* filesBelow(limits: FileLimits, place: string): Generator<string> {
  const entries = fs.readdirSync(place === '' ? limits.root : `${limits.root}/${place}`, { withFileTypes: true });
  // A directory sorts as if its slash were written, so that the whole list is in order.
  const keyed = entries.map((entry) => ({ entry, key: entry.isDirectory() ? `${entry.name}/` : entry.name }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { entry } of keyed) {
    const at = place === '' ? entry.name : `${place}/${entry.name}`;
    if (limits.ignoredNames.includes(entry.name) || limits.ignoredPaths.includes(at)) continue;
    if (entry.isDirectory()) yield* filesBelow(limits, at);
    else if (entry.isFile()) yield at;
  }
}

export function matcherOf(glob: string | undefined): (path: string) => boolean {
  if (glob === undefined) return () => true;
  const pattern = new RegExp(glob);
  return (path) => pattern.test(path);
}
