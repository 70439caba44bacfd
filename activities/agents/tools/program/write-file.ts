import * as fs from 'node:fs';
import type { FileAnswer, FileLimits, FileRequest } from './answer.js';
import { refuse } from './answer.js';
import { openDirectory, partsOf, readBytes } from './open.js';
import { isBinary } from './read-file.js';

type WriteRequest = Extract<FileRequest, { tool: 'write_file' }>;
type EditRequest = Extract<FileRequest, { tool: 'edit_file' }>;

export function writeFileTool(request: WriteRequest, limits: FileLimits): FileAnswer {
  const parts = partsOf(request.path);
  const name = parts.pop();
  if (name === undefined) throw refuse('INVALID_INPUT', `${request.path} is a directory.`);
  const directory = openDirectory(limits.root, parts, true);
  const bytes = Buffer.from(request.content, 'utf8');
  const existed = replaceFile(directory, name, request.path, bytes);
  return { ok: true, text: `${existed ? 'Replaced' : 'Created'} ${request.path} (${bytes.length} bytes).` };
}

/** Works on bytes, so that what is no UTF-8 elsewhere in the file stays as it is. */
export function editFileTool(request: EditRequest, limits: FileLimits): FileAnswer {
  const parts = partsOf(request.path);
  const name = parts.pop();
  if (name === undefined) throw refuse('INVALID_INPUT', `${request.path} is a directory.`);
  const directory = openDirectory(limits.root, parts, false);
  const bytes = readBytes(directory, name, request.path, limits.maxFileBytes);
  if (isBinary(bytes)) throw refuse('INVALID_INPUT', `${request.path} is binary.`);
  const found = placesOf(bytes, Buffer.from(request.oldText, 'utf8'));
  if (found.length === 0) {
    throw refuse(
      'INVALID_INPUT',
      `old_text does not occur in ${request.path}. Read the file again: white space and line ends count.`,
    );
  }
  if (found.length > 1 && !request.replaceAll) {
    throw refuse(
      'INVALID_INPUT',
      `old_text occurs ${found.length} times in ${request.path}. Give more of its surroundings, or replace_all.`,
    );
  }
  const changed = replaceAt(bytes, found, Buffer.byteLength(request.oldText), Buffer.from(request.newText, 'utf8'));
  if (changed.length > limits.maxFileBytes)
    throw refuse('INVALID_INPUT', `${request.path} would grow beyond ${limits.maxFileBytes} bytes.`);
  replaceFile(directory, name, request.path, changed);
  return { ok: true, text: `Edited ${request.path} (${found.length} ${found.length === 1 ? 'place' : 'places'}).` };
}

export function placesOf(bytes: Buffer, text: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) places.push(at);
  return places;
}

export function replaceAt(bytes: Buffer, places: readonly number[], length: number, by: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const place of places) {
    pieces.push(bytes.subarray(from, place), by);
    from = place + length;
  }
  return Buffer.concat([...pieces, bytes.subarray(from)]);
}

/**
 * Writes beside the file and renames: a reader sees the old content or the new one. The mode stays, without setuid and
 * setgid. Answers whether there was a file. What a killed call left beside it goes first.
 */
export function replaceFile(directory: number, name: string, shown: string, bytes: Buffer): boolean {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
  const below = `/proc/self/fd/${directory}`;
  const before = fs.lstatSync(`${below}/${name}`, { throwIfNoEntry: false });
  if (before?.isDirectory()) throw refuse('INVALID_INPUT', `${shown} is a directory.`);
  if (before?.isSymbolicLink())
    throw refuse('PERMISSION_DENIED', `${shown} is a symbolic link, which is not followed.`);
  if (before && !before.isFile()) throw refuse('INVALID_INPUT', `${shown} is not a regular file.`);
  for (const left of fs.readdirSync(below)) if (left.startsWith('.millwright-part-')) fs.rmSync(`${below}/${left}`);
  const part = `${below}/.millwright-part-${globalThis.crypto.randomUUID()}`;
  const file = fs.openSync(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
  try {
    fs.writeFileSync(file, bytes);
    if (before) fs.fchmodSync(file, before.mode & 0o777);
    fs.fsyncSync(file);
    fs.renameSync(part, `${below}/${name}`);
  } catch (error) {
    fs.rmSync(part, { force: true });
    throw error;
  } finally {
    fs.closeSync(file);
  }
  return before !== undefined;
}
