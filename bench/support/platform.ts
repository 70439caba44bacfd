import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { devServerFlags } from '../../infra/embedded/temporal-server.js';
import type { TestDatabase } from '../../test/support/postgres.js';
import { findTestCli, quietRuntime } from '../../test/support/temporal.js';
import { SEARCH_ATTRIBUTE } from '../../workflows/contract/search-attributes.js';
import { startDurablePostgres } from './postgres.js';
import { scratchOnDisk } from './scratch.js';
import { startTemporalOnPostgres, type TemporalOfBench } from './temporal-on-postgres.js';

/** PostgreSQL with fsync and a Temporal server, of one bench. */
export interface Platform {
  readonly database: TestDatabase;
  readonly environment: TestWorkflowEnvironment;
  /** A directory on disk. */
  readonly directory: string;
  stop(): Promise<void>;
}

/** Where a Temporal server keeps its histories: the embedded one in a file, one of a team's in PostgreSQL. */
export const HISTORIES = ['file', 'postgres'] as const;
export type History = (typeof HISTORIES)[number];

export async function startPlatform(history: History = 'file'): Promise<Platform> {
  quietRuntime();
  const scratch = scratchOnDisk();
  const database = await startDurablePostgres();
  const temporal =
    history === 'file'
      ? await startEmbedded(scratch.path)
      : await startTemporalOnPostgres({ databaseUrl: database.url, directory: scratch.path });
  return {
    database,
    environment: temporal.environment,
    directory: scratch.path,
    stop: async () => {
      await temporal.stop();
      await database.drop();
      scratch.remove();
    },
  };
}

async function startEmbedded(directory: string): Promise<TemporalOfBench> {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTestCli() },
      dbFilename: join(directory, 'temporal.db'),
      searchAttributes: Object.values(SEARCH_ATTRIBUTE),
      extraArgs: devServerFlags(),
    },
  });
  return { environment, stop: () => environment.teardown() };
}
