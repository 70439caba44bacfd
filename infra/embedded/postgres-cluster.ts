import { execFile } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../../domain/failures.js';
import { environmentFor } from '../config.js';
import { errorMessage } from '../errors.js';
import type { PostgresBinaries } from './postgres-binaries.js';

export const DATABASE_USER = 'millwright';
export const DATABASE_NAME = 'millwright';

export interface ClusterRequest {
  readonly binaries: PostgresBinaries;
  /** The data directory. Its parent belongs to the caller and lets `runAs` through. */
  readonly directory: string;
  readonly password: string;
  readonly runAs: number | undefined;
}

/**
 * Creates the data directory unless it exists. It appears under its name when it is complete, so a killed start leaves
 * only a draft that the next one removes.
 */
export const initialiseCluster = async (request: ClusterRequest): Promise<'created' | 'exists'> => {
  const { binaries, directory, password, runAs } = request;
  removeDrafts(directory);
  if (existsSync(join(directory, 'PG_VERSION'))) return 'exists';
  const draft = `${directory}.draft-${process.pid}`;
  const data = join(draft, 'data');
  const passwordFile = join(draft, 'password');
  mkdirSync(draft, { mode: 0o700 });
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const author = runAs === undefined ? undefined : initdbUser();
  if (author !== undefined) for (const path of [draft, data, passwordFile]) chownSync(path, author, author);
  const options = [
    `--pgdata=${data}`,
    `--username=${DATABASE_USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Sorts by code point whatever the host's locales are, so an index never depends on the machine.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
  ];
  try {
    await promisify(execFile)(binaries.initdb, options, {
      cwd: draft,
      env: { ...environmentFor('tool'), LC_ALL: 'C' },
      ...(author === undefined ? {} : { uid: author, gid: author }),
    });
    if (runAs !== undefined) chownTree(data, runAs);
    renameSync(data, directory);
  } catch (cause) {
    // Its message ends with what initdb wrote to standard error.
    throw new Failure('Internal', `PostgreSQL could not create ${directory}: ${errorMessage(cause)}`, {}, { cause });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return 'created';
};

const removeDrafts = (directory: string): void => {
  for (const name of readdirSync(dirname(directory))) {
    if (name.startsWith(`${basename(directory)}.draft-`)) {
      rmSync(join(dirname(directory), name), { recursive: true, force: true });
    }
  }
};

/**
 * initdb refuses root and refuses a user id without a passwd entry, which the one that PostgreSQL then runs as has not.
 * So an unprivileged user of the system writes the files, and they are handed over.
 */
const initdbUser = (): number => {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid = '']) => ({ name, uid: Number(uid) }))
    .filter(({ uid }) => Number.isSafeInteger(uid) && uid > 0);
  const user = users.find(({ name }) => name === 'nobody') ?? users.at(-1);
  if (user === undefined) throw new Failure('NotFound', 'There is no user but root in /etc/passwd: set DATABASE_URL.');
  return user.uid;
};

const chownTree = (path: string, owner: number): void => {
  chownSync(path, owner, owner);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) chownTree(child, owner);
    else chownSync(child, owner, owner);
  }
};
