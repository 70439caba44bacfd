import { readFileSync } from 'node:fs';
import { embeddedDatabaseUrl } from '../../infra/embedded/postgres-server.js';
import type { Instance } from '../support/e2e/instance.js';

/** Of an instance's own PostgreSQL. */
export function connectionStringOf({ layout }: Instance): string {
  const { postgres } = JSON.parse(readFileSync(layout.portsFile, 'utf8')) as { readonly postgres: number };
  return embeddedDatabaseUrl({ port: postgres, password: readFileSync(layout.databasePasswordFile, 'utf8').trim() });
}
