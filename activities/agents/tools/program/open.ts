import * as fs from 'node:fs';
import { refuse } from './answer.js';

/** The parts of a path below the root. Refuses what leaves it, before any file system sees it. */
export function partsOf(name: string): string[] {
  if (name.includes('\0')) throw refuse('INVALID_INPUT', 'A path must not contain NUL.');
  if (name.startsWith('/'))
    throw refuse('PERMISSION_DENIED', `${name} is absolute: give a path relative to the root of the working tree.`);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..'))
    throw refuse('PERMISSION_DENIED', `${name} leads out of the working tree: .. is not allowed.`);
  if (parts[0] === '.git') throw refuse('PERMISSION_DENIED', 'The working tree has no .git, and none may be made.');
  return parts;
}

/**
 * Opens the directory part by part without following a link. A path below an open descriptor is resolved by the
 * kernel from that directory, so a part that is swapped meanwhile leads nowhere else.
 */
export function openDirectory(root: string, parts: readonly string[], canCreate: boolean): number {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  let at = fs.openSync(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  for (const part of parts) {
    const below = `/proc/self/fd/${at}/${part}`;
    if (canCreate) makeDirectory(below);
    let next: number;
    try {
      next = fs.openSync(below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    } catch (error) {
      // Linux says ENOTDIR for a link here.
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR' && fs.lstatSync(below).isSymbolicLink()) {
        throw refuse('PERMISSION_DENIED', `${parts.join('/')} leads through a symbolic link, which is not followed.`);
      }
      throw error;
    } finally {
      fs.closeSync(at);
    }
    at = next;
  }
  return at;
}

export function makeDirectory(place: string): void {
  try {
    fs.mkdirSync(place, 0o777);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Opens a regular file to read; a FIFO or a device is refused without waiting for it. */
export function openRegular(directory: number, name: string, shown: string): number {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  let file: number;
  try {
    file = fs.openSync(`/proc/self/fd/${directory}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    // What opening a socket says.
    if ((error as NodeJS.ErrnoException).code === 'ENXIO')
      throw refuse('INVALID_INPUT', `${shown} is not a regular file.`);
    throw error;
  }
  const stat = fs.fstatSync(file);
  if (stat.isFile()) return file;
  fs.closeSync(file);
  throw refuse('INVALID_INPUT', stat.isDirectory() ? `${shown} is a directory.` : `${shown} is not a regular file.`);
}

/** The bytes of a regular file of bounded size. */
export function readBytes(directory: number, name: string, shown: string, maxBytes: number): Buffer {
  const file = openRegular(directory, name, shown);
  try {
    const { size } = fs.fstatSync(file);
    if (size > maxBytes)
      throw refuse('INVALID_INPUT', `${shown} has ${size} bytes: more than the ${maxBytes} that this tool reads.`);
    return fs.readFileSync(file);
  } finally {
    fs.closeSync(file);
  }
}
