import { accessSync, chmodSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, parse } from 'node:path';
import { Failure } from '../../domain/failures.js';
import type { HomeLayout, ServiceUsers } from '../config.js';
import { errorReason } from '../errors.js';
import { firstExisting } from '../free-space.js';

/**
 * Creates the data directory with its modes, and repairs them. Others may pass through the home and read none of it:
 * the service uid has to reach trees and mirrors, and nothing else.
 * @throws PermissionDenied when we may not write there, or the service uid cannot get there
 */
export const prepareHome = (layout: HomeLayout, users: ServiceUsers | undefined): void => {
  const modes: readonly (readonly [string, number])[] = [
    [layout.home, 0o711],
    [layout.secrets, 0o700],
    [layout.state, 0o700],
    [layout.logs, 0o700],
    [layout.temporal, 0o700],
    [layout.artifacts, 0o700],
    [layout.forge, 0o700],
    [layout.postgres, 0o711],
    [layout.trees, 0o711],
    [layout.layers, 0o755],
    [layout.mirrors, 0o755],
  ];
  for (const [directory, mode] of modes) {
    makeInHome(directory, mode);
    // The mode given to mkdir is cut by the umask, and an existing directory keeps its own.
    if ((statSync(directory).mode & 0o777) !== mode) chmodSync(directory, mode);
  }
  if (users === undefined) return;
  const barrier = findBarrier(layout.home, users.serviceUid);
  if (barrier !== undefined) {
    const message = `User ${users.serviceUid}, which sandboxes run as, cannot pass ${barrier}. Choose another MILLWRIGHT_HOME or run chmod o+x ${barrier}.`;
    throw new Failure('PermissionDenied', message, { path: barrier });
  }
};

/** @throws PermissionDenied that names the directory and who may not write it */
export const makeInHome = (directory: string, mode: number): void => {
  try {
    mkdirSync(directory, { recursive: true, mode });
  } catch (error) {
    const place = firstExisting(directory);
    const message = `User ${process.geteuid?.()} cannot write ${place}: ${errorReason(error)}. Choose another MILLWRIGHT_HOME, or run this as its owner.`;
    throw new Failure('PermissionDenied', message, { path: place }, { cause: error });
  }
};

/** Answers the directory where the home is, or would be made, when we may not write there. */
export const findUnwritable = (home: string): string | undefined => {
  const place = firstExisting(home);
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return place;
  }
};

/** Answers the outermost directory on the way to `path`, itself included, that `uid` cannot pass. */
export const findBarrier = (path: string, uid: number): string | undefined => {
  const way: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    way.unshift(at);
    if (at === parse(at).root) break;
  }
  return way.find((directory) => {
    const stat = statSync(directory);
    // Groups are left out: the service user is in none but its own.
    return stat.isDirectory() && (stat.mode & (stat.uid === uid ? 0o100 : 0o001)) === 0;
  });
};
