import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ServiceUser } from './etc-copy.js';

/** The first directory on the way to one of `paths` that the user may not pass, in words; undefined when all are passable. */
export const whyUnreachable = async (
  paths: readonly string[],
  user: ServiceUser | undefined,
): Promise<string | undefined> => {
  for (const path of paths) {
    for (const directory of ancestorsOf(path)) {
      const found = await stat(directory).catch(() => undefined); // ENOENT is said below
      if (found === undefined) return `${directory} does not exist.`;
      if (user !== undefined && directory !== path && !mayPass(found, user)) {
        return `the service user ${user.uid} may not pass ${directory}: chmod o+x it, or use another place.`;
      }
    }
  }
  return undefined;
};

const mayPass = ({ mode, uid, gid }: { mode: number; uid: number; gid: number }, user: ServiceUser): boolean => {
  if (uid === user.uid) return (mode & 0o100) !== 0;
  return (mode & (gid === user.gid ? 0o010 : 0o001)) !== 0;
};

/** From the root down to the path itself. */
const ancestorsOf = (path: string): readonly string[] => {
  const found = [path];
  for (let at = dirname(path); at !== found[0]; at = dirname(at)) found.unshift(at);
  return found;
};
