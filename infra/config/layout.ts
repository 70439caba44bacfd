import { statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { firstExisting } from '../free-space.js';
import { refused, type Variables } from './variables.js';

/** Every path below the data directory that more than one part uses. */
export interface HomeLayout {
  readonly home: string;
  /** 0700. Key files, each 0600. */
  readonly secrets: string;
  readonly adminKeyFile: string;
  readonly databasePasswordFile: string;
  /** The App that `millwright github setup` made. */
  readonly githubAppFile: string;
  /** 0700. Ports that were chosen once, the lock of the running instance, what is running. */
  readonly state: string;
  readonly portsFile: string;
  readonly lockFile: string;
  /** Of the one worker of this data directory. */
  readonly workerLockFile: string;
  readonly stackFile: string;
  /** There while a restore is not finished: what lies in the home is then a part of something. */
  readonly restoreFile: string;
  /** There once the fault that a test asked for has struck. */
  readonly faultFile: string;
  readonly logs: string;
  readonly postgres: string;
  readonly temporal: string;
  /** Bare mirrors of the projects; readable to the service uid. */
  readonly mirrors: string;
  /** Bare repositories of the local forge. */
  readonly forge: string;
  /** Working trees and their private indexes, in directories that the service uid owns. */
  readonly trees: string;
  /** Read-only outputs of `setup`, by layer key. */
  readonly layers: string;
  readonly artifacts: string;
  readonly hostFile: string;
}

export const homeLayout = (home: string): HomeLayout => {
  const secrets = join(home, 'secrets');
  const state = join(home, 'state');
  return {
    home,
    secrets,
    adminKeyFile: join(secrets, 'admin.key'),
    databasePasswordFile: join(secrets, 'postgres.password'),
    githubAppFile: join(secrets, 'github-app.json'),
    state,
    portsFile: join(state, 'ports.json'),
    lockFile: join(state, 'instance.lock'),
    workerLockFile: join(state, 'worker.lock'),
    stackFile: join(state, 'stack.json'),
    restoreFile: join(state, 'restore.unfinished'),
    faultFile: join(state, 'fault.struck'),
    logs: join(home, 'logs'),
    postgres: join(home, 'postgres'),
    temporal: join(home, 'temporal'),
    mirrors: join(home, 'mirrors'),
    forge: join(home, 'forge'),
    trees: join(home, 'trees'),
    layers: join(home, 'layers'),
    artifacts: join(home, 'artifacts'),
    hostFile: join(home, 'host.yml'),
  };
};

/** Where work writes. Any of them may be a link to another disk, or one that is mounted there. */
export const placesOfWork = (layout: HomeLayout): readonly [string, ...string[]] => {
  const { home, trees, mirrors, layers, forge, artifacts } = layout;
  return [home, trees, mirrors, layers, forge, artifacts];
};

export interface ProcessUser {
  readonly uid: number;
  readonly homeDirectory: string;
}

/** `MILLWRIGHT_HOME`, else `/var/lib/millwright` for root (a sandbox cannot reach `/root`), else `~/.millwright`. */
export const readHome = (variables: Variables, user: ProcessUser): string => {
  const given = variables.text('MILLWRIGHT_HOME');
  if (given !== undefined) {
    if (!isAbsolute(given)) throw refused('MILLWRIGHT_HOME', 'must be an absolute path');
    const home = resolve(given);
    // Node tries for ever to make a directory where the kernel lets nobody make one.
    if (/^\/(proc|sys|dev)(\/|$)/.test(home)) throw refused('MILLWRIGHT_HOME', 'must not lie in /proc, /sys or /dev');
    const found = firstExisting(home);
    if (!statSync(found).isDirectory()) throw refused('MILLWRIGHT_HOME', `must name a directory; ${found} is none`);
    return home;
  }
  return user.uid === 0 ? '/var/lib/millwright' : join(user.homeDirectory, '.millwright');
};

/** Where binaries that were downloaded or built are kept: they outlive any one data directory. */
export const readCache = (variables: Variables, user: ProcessUser): string => {
  const xdg = variables.text('XDG_CACHE_HOME');
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'millwright');
  return user.uid === 0 ? '/var/cache/millwright' : join(user.homeDirectory, '.cache', 'millwright');
};
