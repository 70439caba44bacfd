import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../domain/failures.js';
import type { Config, HomeLayout } from '../../config.js';
import type { Logger } from '../../logging.js';
import { tryOwnerLock } from '../../owner-lock.js';
import { prepareHome } from '../home.js';
import { withLoneDatabase } from '../lone-database.js';
import type { Progress } from '../progress.js';
import { unpackArchive } from './archive.js';
import { loadRows } from './load.js';
import { type Manifest, readManifest } from './manifest.js';
import { adoptRepository, listRepositories } from './repositories.js';

export interface RestoreOptions {
  readonly config: Config;
  readonly file: string;
  readonly say: Progress;
  readonly logger: Logger;
}

/** What a restore fills. The keys and the ports of the new home are its own. */
const CONTENT = ['postgres', 'temporal', 'forge', 'mirrors', 'artifacts'] as const;

/**
 * Fills a home that is down and empty with a backup; `up` then goes on from it. A restore that was broken off leaves a
 * mark, which keeps `up` from starting and lets the next restore begin anew.
 * @throws Conflict when it runs; InvalidState when it holds something; InvalidInput for what is no whole backup
 */
export const restore = async (options: RestoreOptions): Promise<Manifest> => {
  const { config, file, say } = options;
  const { layout } = config;
  if (!existsSync(file)) throw new Failure('NotFound', `There is no file ${file}.`);
  prepareHome(layout, config.users);
  const attempt = tryOwnerLock(layout.lockFile);
  if (attempt.kind === 'taken') {
    throw new Failure('Conflict', `Millwright runs in ${layout.home}: run millwright down, or name another home.`);
  }
  try {
    clearFormerRestore(layout);
    refuseFilled(layout);
    const staging = join(layout.state, 'restore');
    mkdirSync(staging, { mode: 0o700 });
    try {
      say('Unpacking …');
      await unpackArchive(file, staging);
      const manifest = readManifest(staging);
      writeFileSync(layout.restoreFile, `${process.pid}\n`, { mode: 0o600 });
      await fill(options, staging, manifest);
      rmSync(layout.restoreFile);
      return manifest;
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  } finally {
    attempt.lock.release();
  }
};

const clearFormerRestore = (layout: HomeLayout): void => {
  rmSync(join(layout.state, 'restore'), { recursive: true, force: true });
  if (!existsSync(layout.restoreFile)) return;
  for (const part of CONTENT) {
    for (const name of readdirSync(layout[part])) rmSync(join(layout[part], name), { recursive: true, force: true });
  }
};

const refuseFilled = (layout: HomeLayout): void => {
  const filled = CONTENT.filter((part) => readdirSync(layout[part]).length > 0);
  if (filled.length === 0) return;
  const message = `${layout.home} is not empty (${filled.join(', ')}): name another MILLWRIGHT_HOME, or run down --purge.`;
  throw new Failure('InvalidState', message, { filled });
};

const fill = async (options: RestoreOptions, staging: string, manifest: Manifest): Promise<void> => {
  const { config, say } = options;
  const { layout } = config;
  say('Restoring rows …');
  await withLoneDatabase(options, (databaseUrl) => loadRows(databaseUrl, join(staging, 'database'), manifest));
  say('Restoring repositories, texts and the engine …');
  for (const kind of ['forge', 'mirrors'] as const) {
    for (const name of await listRepositories(join(staging, kind))) {
      await adoptRepository(join(staging, kind, name), join(layout[kind], name));
    }
  }
  for (const part of ['artifacts', 'temporal'] as const) {
    if (!existsSync(join(staging, part))) continue;
    for (const name of readdirSync(join(staging, part)))
      renameSync(join(staging, part, name), join(layout[part], name));
  }
  // What this host offers is its own affair once it has said so.
  const hostFile = join(staging, 'host.yml');
  if (!existsSync(hostFile) || existsSync(layout.hostFile)) return;
  await copyFile(hostFile, layout.hostFile);
  await chmod(layout.hostFile, 0o600);
};
