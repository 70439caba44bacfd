import { Failure } from '../../domain/failures.js';
import type { Config } from '../config.js';
import { readPassword } from './database-password.js';
import { rememberedPorts } from './ports.js';
import { embeddedDatabaseUrl } from './postgres-server.js';

/**
 * Of the database that runs for this home: the user's own, or the embedded one at the port it remembers.
 * @throws InvalidState where none ever ran, or nothing is there that could open it
 */
export const runningDatabaseUrl = ({ databaseUrl, layout }: Config): string => {
  if (databaseUrl !== undefined) return databaseUrl;
  const port = rememberedPorts(layout.portsFile)?.postgres;
  if (port === undefined)
    throw new Failure('InvalidState', `${layout.portsFile} names no port of PostgreSQL: has Millwright run here?`);
  return embeddedDatabaseUrl({ port, password: readPassword(layout) });
};
