import { readFileSync } from 'node:fs';
import type { Config } from '../config.js';
import { embeddedDatabaseUrl } from './postgres-server.js';

/** Of the database that runs for this home: the user's own, or the embedded one at the port it remembers. */
export const runningDatabaseUrl = ({ databaseUrl, layout }: Config): string => {
  if (databaseUrl !== undefined) return databaseUrl;
  const { postgres } = JSON.parse(readFileSync(layout.portsFile, 'utf8')) as { readonly postgres: number };
  return embeddedDatabaseUrl({ port: postgres, password: readFileSync(layout.databasePasswordFile, 'utf8').trim() });
};
