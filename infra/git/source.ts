import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { isMissing } from './tree-record.js';

/** Where a project's history comes from. Only read, never written. */
export type Source =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'https'; readonly url: string };

/**
 * A plain absolute path, or an https address of a named host without user info, port tricks, query or fragment.
 * @throws InvalidInput with the reason
 */
export function parseSource(text: string): Source {
  if (/[\p{Cc}]/u.test(text)) throw refused('contains a control character');
  if (text.length > 2_000) throw refused('is too long');
  if (isAbsolute(text)) return { kind: 'path', path: text };
  if (!/^https:\/\//i.test(text)) throw refused('must be an absolute path or an https:// address');
  // Other readers of an address take it for a part of the host name.
  if (text.includes('\\')) throw refused('must not contain a backslash');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refused('is no valid address');
  if (url.username !== '' || url.password !== '') throw refused('must not contain a user name or password');
  if (url.search !== '' || url.hash !== '') throw refused('must not contain a query or fragment');
  if (!isHostName(url.hostname)) throw refused('must name its host by a DNS name');
  if (url.pathname === '/' || url.pathname === '') throw refused('names no repository');
  return { kind: 'https', url: `https://${url.host}${url.pathname.replace(/\/+$/, '')}` };
}

/** Dotted names whose last part is no number, so that no spelling of an IP address is one. */
const isHostName = (host: string): boolean =>
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/.test(host) &&
  !host.endsWith('.localhost');

/** One text per repository, for the unique key of live projects: `.git` and a trailing slash make no difference. */
export const normaliseSource = (source: Source): string =>
  (source.kind === 'path' ? source.path : source.url).replace(/\/+$/, '').replace(/\.git$/, '');

/**
 * The real path of a local source: a directory outside the data directory that holds a git repository.
 * @throws InvalidInput, NotFound
 */
export async function resolveLocalSource(path: string, dataDirectory: string): Promise<string> {
  const real = await resolvePath(path);
  const home = await resolvePath(dataDirectory);
  if (real === home || real.startsWith(home + sep) || home.startsWith(real + sep))
    throw refused('must lie outside the data directory, and not around it');
  if (!(await isDirectory(real))) throw refused('is no directory');
  const candidates = await Promise.all([isDirectory(join(real, 'objects')), exists(join(real, '.git'))]);
  if (!candidates.includes(true))
    throw new Failure('NotFound', `${path} holds no git repository.`, { reason: 'REPOSITORY' });
  return real;
}

/**
 * The `--upload-pack` of a local source: without it git refuses a repository of another owner. The path reaches a
 * shell, hence the quotes.
 */
export const uploadPackFor = (realPath: string): string => {
  const quoted = `'${realPath.replaceAll("'", `'\\''`)}'`;
  return `git -c safe.directory=${quoted} -c safe.directory=${quoted}/.git upload-pack`;
};

const refused = (why: string): Failure => new Failure('InvalidInput', `A repository's address ${why}.`);

async function resolvePath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isMissing(error)) throw new Failure('NotFound', `${path} does not exist.`);
    throw new Failure('PermissionDenied', `${path} cannot be read.`, {}, { cause: error });
  }
}

const isDirectory = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Whatever the reason, it is no directory that git could read.
    return false;
  }
};

const exists = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch {
    // Unreadable is as good as absent: the fetch says which.
    return false;
  }
};
