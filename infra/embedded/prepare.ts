import { Failure } from '../../domain/failures.js';
import type { Config } from '../config.js';
import { migrate, readMigrations } from '../pg/migrate.js';
import {
  connectTemporal,
  registerNamespaceAndSearchAttributes,
  type SearchAttributeKeyLike,
  temporalEndpoint,
} from '../temporal.js';
import { prepareHome } from './home.js';
import type { Progress } from './progress.js';

export interface PrepareOptions {
  readonly config: Config;
  readonly searchAttributes: readonly SearchAttributeKeyLike[];
  readonly onDatabaseReady?: (databaseUrl: string) => Promise<void>;
  readonly say: Progress;
}

/**
 * Makes stores that others run ready for API and worker: data directory, schema, first key, namespace and search
 * attributes. What the embedded stack does at its start, for deployments that start each process themselves.
 * @throws InvalidInput without DATABASE_URL and TEMPORAL_ADDRESS
 */
export const prepareStores = async (options: PrepareOptions): Promise<void> => {
  const { config, searchAttributes, onDatabaseReady, say } = options;
  const { databaseUrl, temporal, layout, users } = config;
  if (databaseUrl === undefined) {
    throw new Failure('InvalidInput', 'DATABASE_URL is not set.', { variable: 'DATABASE_URL' });
  }
  const endpoint = temporalEndpoint(temporal);
  prepareHome(layout, users);
  const applied = await migrate({ databaseUrl, applicationName: 'millwright-prepare' }, await readMigrations());
  say(applied.length === 0 ? 'PostgreSQL: the schema is up to date.' : `PostgreSQL: applied ${applied.join(', ')}.`);
  await onDatabaseReady?.(databaseUrl);
  const client = await connectTemporal(endpoint);
  try {
    await registerNamespaceAndSearchAttributes(client.connection, endpoint.namespace, searchAttributes);
  } finally {
    await client.close();
  }
  say(`Temporal: namespace ${endpoint.namespace} is ready.`);
};
