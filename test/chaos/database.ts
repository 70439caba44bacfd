import { readFileSync } from 'node:fs';
import { embeddedDatabaseUrl } from '../../infra/embedded/postgres-server.js';
import type { Instance } from '../support/e2e/instance.js';

/** Of the PostgreSQL that an instance works with. */
export function connectionStringOf({ layout, environment }: Instance): string {
  if (environment.DATABASE_URL) return environment.DATABASE_URL;
  const { postgres } = JSON.parse(readFileSync(layout.portsFile, 'utf8')) as { readonly postgres: number };
  return embeddedDatabaseUrl({ port: postgres, password: readFileSync(layout.databasePasswordFile, 'utf8').trim() });
}
