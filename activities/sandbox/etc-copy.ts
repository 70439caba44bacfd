import { createHash } from 'node:crypto';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Whoever runs sandboxes when Millwright was started as root. */
export interface ServiceUser {
  readonly uid: number;
  readonly gid: number;
}

/** Copied as they are: they hold no secret and programs misbehave without them. */
const COPIED = [
  'alternatives',
  'ld.so.cache',
  'ld.so.conf',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'pki/tls/certs/ca-bundle.crt',
  'protocols',
  'services',
  'ssl/cert.pem',
  'ssl/certs/ca-certificates.crt',
  'ssl/openssl.cnf',
];

interface Entry {
  readonly name: string;
  readonly content: Buffer;
  readonly isLink: boolean;
}

/**
 * Our own copy of what programs need of /etc, below `directory`. It is named after its content, so that no running
 * sandbox ever sees it change.
 */
export const copyEtc = async (directory: string, user: ServiceUser): Promise<string> => {
  const java = (await readdir('/etc')).filter((name) => name.startsWith('java-'));
  const copied = await Promise.all([...COPIED, ...java].map((name) => readEntries(name)));
  const entries = [...copied.flat(), ...ownEntries(user)];
  const target = join(directory, `etc-${digestOf(entries)}`);
  if (await stat(target).catch(() => undefined)) return target;
  const unfinished = await mkdtemp(`${target}-`);
  try {
    await mkdir(join(unfinished, 'etc'), { mode: 0o755 });
    for (const entry of entries) await writeEntry(join(unfinished, 'etc'), entry);
    await rename(join(unfinished, 'etc'), target).catch(async (error: NodeJS.ErrnoException) => {
      // Another process was faster: its copy has the same content.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return target;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
};

const ownEntries = ({ uid, gid }: ServiceUser): readonly Entry[] => [
  textEntry(
    'passwd',
    'root:x:0:0:root:/nonexistent:/usr/sbin/nologin',
    `sandbox:x:${uid}:${gid}:sandbox:/agent:/bin/sh`,
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
  ),
  textEntry('group', 'root:x:0:', `sandbox:x:${gid}:`, 'nogroup:x:65534:'),
  textEntry('hosts', '127.0.0.1 localhost sandbox', '::1 localhost'),
  // A mount point for the host's file where the network is shared.
  textEntry('resolv.conf'),
];

const textEntry = (name: string, ...lines: readonly string[]): Entry => ({
  name,
  content: Buffer.from(lines.map((line) => `${line}\n`).join('')),
  isLink: false,
});

/** A file, or every file and link of a directory. Not every distribution has every file. */
const readEntries = async (name: string): Promise<readonly Entry[]> => {
  const real = await realpath(join('/etc', name)).catch(() => undefined);
  if (real === undefined) return [];
  if (!(await lstat(real)).isDirectory()) return [{ name, content: await readFile(real), isLink: false }];
  const found: Entry[] = [];
  for (const child of await readdir(real, { withFileTypes: true })) {
    const at = join(real, child.name);
    const inside = `${name}/${child.name}`;
    if (child.isSymbolicLink()) found.push({ name: inside, content: Buffer.from(await readlink(at)), isLink: true });
    else if (child.isDirectory()) found.push(...(await readEntries(inside)));
    else if (child.isFile()) found.push({ name: inside, content: await readFile(at), isLink: false });
  }
  return found;
};

const digestOf = (entries: readonly Entry[]): string => {
  const hash = createHash('sha256');
  for (const { name, content, isLink } of entries)
    hash.update(`${name}\0${isLink}\0${content.length}\0`).update(content);
  return hash.digest('hex').slice(0, 12);
};

const writeEntry = async (directory: string, { name, content, isLink }: Entry): Promise<void> => {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await (isLink ? symlink(content.toString('utf8'), path) : writeFile(path, content, { mode: 0o644 }));
};
