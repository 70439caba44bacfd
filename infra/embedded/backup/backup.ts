import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../domain/failures.js';
import type { Config, HomeLayout } from '../../config.js';
import type { Logger } from '../../logging.js';
import { tryOwnerLock } from '../../owner-lock.js';
import { runningDatabaseUrl } from '../database-url.js';
import { withLoneDatabase } from '../lone-database.js';
import type { Progress } from '../progress.js';
import { readStackFacts, type StackFacts } from '../stack-file.js';
import { packArchive } from './archive.js';
import { openSnapshot, type Snapshot } from './dump.js';
import { FORMAT, MANIFEST_FILE, type Manifest } from './manifest.js';
import { listRepositories, snapshotRepository } from './repositories.js';

export interface BackupOptions {
  readonly config: Config;
  /** Where the backup appears. */
  readonly file: string;
  readonly say: Progress;
  readonly logger: Logger;
}

export interface BackupResult extends Manifest {
  readonly file: string;
  readonly bytes: number;
}

/**
 * Writes everything that the home would need to go on into one file, while it runs or while it is down. The parts are
 * taken in the order in which a crash could leave them: first the engine's store, held still for the moment, with one
 * instant of the rows; then repositories and texts, which are never behind the rows. No key of ours goes along.
 * @throws Conflict when the file exists; InvalidState in a home that never ran
 */
export const backUp = async (options: BackupOptions): Promise<BackupResult> => {
  const { config, file } = options;
  const { layout } = config;
  if (existsSync(file)) throw new Failure('Conflict', `${file} exists already: choose another name.`);
  if (!existsSync(layout.portsFile)) {
    throw new Failure('InvalidState', `There is nothing to back up: Millwright never ran in ${layout.home}.`);
  }
  const facts = readStackFacts(layout);
  if (facts === undefined) return backUpStopped(options);
  if (facts.phase !== 'ready') {
    throw new Failure('Unavailable', `Millwright is ${facts.phase}: try again when it is up or down.`);
  }
  return take(options, runningDatabaseUrl(config), () => freezeEngine(facts));
};

const backUpStopped = async (options: BackupOptions): Promise<BackupResult> => {
  const { layout } = options.config;
  const attempt = tryOwnerLock(layout.lockFile);
  if (attempt.kind === 'taken') {
    throw new Failure('Conflict', `Process ${attempt.owner.pid} is starting or backing up ${layout.home}.`);
  }
  try {
    return await withLoneDatabase(options, (databaseUrl) => take(options, databaseUrl, () => () => {}));
  } finally {
    attempt.lock.release();
  }
};

/** @param freeze stops the engine from writing and answers what lets it go on */
const take = async (
  { config, file, say }: BackupOptions,
  databaseUrl: string,
  freeze: () => () => void,
): Promise<BackupResult> => {
  const { layout } = config;
  const staging = join(layout.state, `backup-${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  let snapshot: Snapshot | undefined;
  try {
    const thaw = freeze();
    let hasEngine: boolean;
    try {
      snapshot = await openSnapshot(databaseUrl);
      hasEngine = config.temporal.address === undefined && (await copyEngine(layout, staging));
    } finally {
      thaw();
    }
    const madeAt = new Date().toISOString();
    say('Copying rows …');
    const rows = await snapshot.write(join(staging, 'database'));
    say('Copying repositories …');
    const repositories = await copyRepositories(layout, staging);
    if (existsSync(layout.hostFile)) await copyFile(layout.hostFile, join(staging, 'host.yml'));
    const manifest: Manifest = {
      format: FORMAT,
      madeAt,
      migrations: snapshot.migrations,
      rows,
      hasEngine,
      repositories,
    };
    writeFileSync(join(staging, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
    say('Packing …');
    const bytes = await packArchive(file, [
      { directory: staging, name: '.' },
      { directory: layout.home, name: 'artifacts' },
    ]);
    return { ...manifest, file, bytes };
  } finally {
    await snapshot?.close();
    rmSync(staging, { recursive: true, force: true });
  }
};

/**
 * A stopped process leaves its files as a kill would, which SQLite recovers from. Should we die meanwhile, the stack's
 * probe finds it silent and starts it again.
 */
const freezeEngine = ({ processes }: StackFacts): (() => void) => {
  const pid = processes.find(({ name }) => name === 'temporal')?.pid;
  if (pid === undefined) return () => {};
  process.kill(pid, 'SIGSTOP');
  return () => {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // It was ended meanwhile, and its successor never stood still.
    }
  };
};

const ENGINE_FILES = ['temporal.db', 'temporal.db-wal'];

const copyEngine = async ({ temporal }: HomeLayout, staging: string): Promise<boolean> => {
  if (!existsSync(join(temporal, 'temporal.db'))) return false;
  mkdirSync(join(staging, 'temporal'), { mode: 0o700 });
  for (const name of ENGINE_FILES) {
    if (existsSync(join(temporal, name))) await copyFile(join(temporal, name), join(staging, 'temporal', name));
  }
  return true;
};

const copyRepositories = async (layout: HomeLayout, staging: string): Promise<number> => {
  let count = 0;
  for (const kind of ['forge', 'mirrors'] as const) {
    for (const name of await listRepositories(layout[kind])) {
      await snapshotRepository(join(layout[kind], name), join(staging, kind, name));
      count += 1;
    }
  }
  return count;
};
