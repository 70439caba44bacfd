import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { devServerFlags } from '../../infra/embedded/temporal-server.js';
import type { TestDatabase } from '../../test/support/postgres.js';
import { findTestCli, quietRuntime } from '../../test/support/temporal.js';
import { SEARCH_ATTRIBUTE } from '../../workflows/contract/search-attributes.js';
import { startDurablePostgres } from './postgres.js';
import { scratchOnDisk } from './scratch.js';

/** PostgreSQL with fsync and the embedded Temporal server with its file, of one bench. */
export interface Platform {
  readonly database: TestDatabase;
  readonly environment: TestWorkflowEnvironment;
  /** A directory on disk. */
  readonly directory: string;
  stop(): Promise<void>;
}

export async function startPlatform(): Promise<Platform> {
  quietRuntime();
  const scratch = scratchOnDisk();
  const database = await startDurablePostgres();
  const environment = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTestCli() },
      dbFilename: join(scratch.path, 'temporal.db'),
      searchAttributes: Object.values(SEARCH_ATTRIBUTE),
      extraArgs: devServerFlags(),
    },
  });
  return {
    database,
    environment,
    directory: scratch.path,
    stop: async () => {
      await environment.teardown();
      await database.drop();
      scratch.remove();
    },
  };
}
