import { existsSync, statSync } from 'node:fs';
import { placesOfWork } from '../../config/layout.js';
import type { Config } from '../../config.js';
import { firstExisting, leastSpace, MIN_FREE_BYTES } from '../../free-space.js';
import { findBarrier, findUnwritable } from '../home.js';
import { rememberedPorts, whyNotListen } from '../ports.js';
import { readStackFacts } from '../stack-file.js';
import { advised, type Check, failed, passed } from './check.js';

const GIB = 1024 ** 3;

/** Whether anybody can use the address that the API listens on. */
export const checkApiAddress = ({ api }: Config): Check => {
  const isEverywhere = ['0.0.0.0', '::'].includes(api.host);
  if (!isEverywhere || api.allowedHosts.length > 0) return passed('api address', api.host);
  const remedy = 'Set MILLWRIGHT_ALLOWED_HOSTS to the names and addresses that clients use.';
  return advised('api address', `the API listens on ${api.host} and answers requests to localhost only`, remedy);
};

/** Whether what lies in the home is whole. */
export const checkRestored = ({ layout }: Config): Check =>
  existsSync(layout.restoreFile)
    ? failed('restore', 'a restore into this home was broken off', 'Run millwright restore with the backup again.')
    : passed('restore', 'none was broken off');

/** Whether the users that the parts run as can get to the data directory and the toolchains. */
export const checkHome = ({ layout, users, host }: Config): Check => {
  const unwritable = findUnwritable(layout.home);
  if (unwritable !== undefined) {
    const remedy = 'Choose another MILLWRIGHT_HOME, or run Millwright as its owner.';
    return failed('home', `${unwritable} cannot be written by who runs this`, remedy);
  }
  if (users === undefined) return passed('home', layout.home);
  for (const path of [layout.home, ...host.toolchains]) {
    if (path !== layout.home && !existsSync(path)) {
      return failed('home', `the toolchain ${path} does not exist`, 'Correct toolchains in host.yml.');
    }
    const barrier = findBarrier(firstExisting(path), users.serviceUid);
    // Our own home is repaired at the start.
    if (barrier !== undefined && barrier !== layout.home) {
      const remedy = `Run chmod o+x ${barrier}, or choose another MILLWRIGHT_HOME.`;
      return failed('home', `user ${users.serviceUid}, which sandboxes run as, cannot pass ${barrier}`, remedy);
    }
  }
  return passed('home', `${layout.home}, reachable for user ${users.serviceUid}`);
};

/** Whether anybody but their owner can read the files that open the instance. */
export const checkSecrets = ({ layout }: Config): Check => {
  const files = [layout.adminKeyFile, layout.databasePasswordFile, layout.githubAppFile].filter(existsSync);
  const open = files.find((file) => (statSync(file).mode & 0o077) !== 0);
  if (open === undefined) return passed('secrets', files.length === 0 ? 'made at the first start' : 'their owner only');
  const remedy = `Run chmod 600 ${open}, and make another key (millwright key create) if somebody may have read it.`;
  return failed('secrets', `${open} may be read by others`, remedy);
};

export const checkDisk = async ({ layout }: Config): Promise<Check> => {
  const { directory, freeBytes: free } = await leastSpace(placesOfWork(layout));
  const finding = `${(free / GIB).toFixed(1)} GiB free for ${directory}`;
  if (free < MIN_FREE_BYTES)
    return failed(
      'disk',
      `${finding}: no new work begins`,
      'Free at least 1 GiB, or choose another MILLWRIGHT_HOME. What waits goes on by itself.',
    );
  return free < 10 * GIB ? advised('disk', finding, 'Trees may take 10 GiB each; free some.') : passed('disk', finding);
};

export const checkPorts = async ({ layout, api }: Config): Promise<Check> => {
  if (readStackFacts(layout) !== undefined) return passed('ports', 'Millwright runs and has its ports');
  const remembered = rememberedPorts(layout.portsFile) ?? {};
  const wanted = api.port === undefined ? remembered : { ...remembered, api: api.port };
  for (const [name, port] of Object.entries<number>(wanted)) {
    const why = await whyNotListen(port, name === 'api' ? api.host : undefined);
    if (why === undefined) continue;
    const finding = `port ${port} (${name}) ${why === 'EADDRINUSE' ? 'is taken by another program' : `cannot be listened on: ${why}`}`;
    return port === api.port
      ? failed('ports', finding, 'Set MILLWRIGHT_API_PORT to a free one, or unset it.')
      : advised('ports', finding, 'Another one is chosen at the next start; links that were noted down change.');
  }
  return passed('ports', Object.keys(wanted).length === 0 ? 'chosen at the first start' : 'free');
};
