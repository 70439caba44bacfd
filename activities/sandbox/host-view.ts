import { lstat, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { copyEtc, type ServiceUser } from './etc-copy.js';
import type { HostView, RootPath } from './profile.js';

const ROOT_PATHS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin'];
/** Toolchains that install below /usr without a link on the usual path. */
const CUSTOMARY_PATHS = ['/usr/local/go/bin', '/usr/lib/jvm/default-java/bin'];

/**
 * Looks at the host once.
 * @param toolchains absolute paths; those below /usr are visible anyway
 */
export const prepareHostView = async (
  directory: string,
  toolchains: readonly string[],
  user: ServiceUser,
): Promise<HostView> => {
  const named = [...toolchains, ...ownRuntime()];
  const found = await existing([...named.flatMap((path) => [join(path, 'bin'), path]), ...CUSTOMARY_PATHS]);
  return {
    rootPaths: await readRootPaths(),
    etcDirectory: await copyEtc(directory, user),
    toolchains: [...new Set(named.filter((path) => !isBelow(path, '/usr')))],
    path: [...new Set([...found, ...SYSTEM_PATH])].join(':'),
  };
};

/** The file tools run on this very Node, wherever it was installed. */
const ownRuntime = (): readonly string[] =>
  isBelow(process.execPath, '/usr') ? [] : [dirname(dirname(process.execPath))];

const isBelow = (path: string, root: string): boolean => path === root || path.startsWith(`${root}/`);

const existing = async (paths: readonly string[]): Promise<string[]> => {
  const isThere = await Promise.all(
    paths.map((path) =>
      lstat(path).then(
        (stat) => stat.isDirectory(),
        () => false,
      ),
    ),
  );
  return paths.filter((_, index) => isThere[index]);
};

const readRootPaths = async (): Promise<readonly RootPath[]> => {
  const found: RootPath[] = [];
  for (const path of ROOT_PATHS) {
    const stat = await lstat(path).catch(() => undefined); // absent on this architecture
    if (stat?.isSymbolicLink()) found.push({ kind: 'link', path, target: await readlink(path) });
    else if (stat?.isDirectory()) found.push({ kind: 'directory', path });
  }
  return found;
};
