import type { Config } from '../config.js';
import type { Logger } from '../logging.js';
import { choosePorts } from './ports.js';
import type { Progress } from './progress.js';
import { embedPostgres } from './specs.js';
import { SupervisedProcess } from './supervised-process.js';
import { untilReady } from './watch.js';

export interface LoneDatabaseOptions {
  readonly config: Config;
  readonly say: Progress;
  readonly logger: Logger;
}

/**
 * Runs the home's PostgreSQL, and nothing else, for as long as the work takes. The caller holds the home's lock. With
 * `DATABASE_URL` the work gets that, and nothing is started.
 * @throws PermissionDenied, InvalidState when the password of the home does not open it
 */
export const withLoneDatabase = async <T>(
  { config, say, logger }: LoneDatabaseOptions,
  work: (databaseUrl: string) => Promise<T>,
): Promise<T> => {
  if (config.databaseUrl !== undefined) return work(config.databaseUrl);
  const ports = await choosePorts(config.layout.portsFile, say);
  const { spec, databaseUrl, open } = await embedPostgres(config, ports, say);
  const process = new SupervisedProcess(spec, logger, () => {});
  process.start();
  try {
    await untilReady(process, open);
    return await work(databaseUrl);
  } finally {
    await process.stop();
  }
};
