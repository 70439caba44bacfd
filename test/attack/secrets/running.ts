import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import type { HomeLayout } from '../../../infra/config/layout.js';
import { embeddedDatabaseUrl } from '../../../infra/embedded/postgres-server.js';
import type { StackFacts } from '../../../infra/embedded/stack-file.js';
import { type Secret, searchText } from './search.js';

/** An instance with its own PostgreSQL and Temporal server. */
export interface Running {
  readonly layout: HomeLayout;
  readonly facts: StackFacts;
}

/** What was found in one place. */
export interface Looked {
  readonly place: string;
  readonly found: readonly string[];
}

/** Every row of every table, as text. */
export async function* searchDatabase({ layout }: Running, secrets: readonly Secret[]): AsyncGenerator<Looked> {
  // Written by ourselves.
  const { postgres: port } = JSON.parse(readFileSync(layout.portsFile, 'utf8')) as { readonly postgres: number };
  const password = readFileSync(layout.databasePasswordFile, 'utf8').trim();
  const client = new pg.Client({ connectionString: embeddedDatabaseUrl({ port, password }) });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    if (tables.length < 20) throw new Error('the tables are not where they are looked for');
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      const place = `table ${name}`;
      yield { place, found: searchText(place, Buffer.from(rows.map(({ row }) => row).join('\n')), secrets) };
    }
  } finally {
    await client.end();
  }
}

/** Every history, payloads decoded. */
export async function* searchHistories({ facts }: Running, secrets: readonly Secret[]): AsyncGenerator<Looked> {
  const connection = await Connection.connect({ address: facts.temporalAddress });
  try {
    const { workflow } = new Client({ connection, namespace: facts.temporalNamespace });
    let histories = 0;
    for await (const { workflowId, runId } of workflow.list()) {
      histories++;
      const { events = [] } = await workflow.getHandle(workflowId, runId).fetchHistory();
      const text = JSON.stringify(events, (_, value) =>
        value?.type === 'Buffer' ? Buffer.from(value.data).toString('utf8') : value,
      );
      const place = `history ${workflowId}`;
      yield { place, found: searchText(place, Buffer.from(text), secrets) };
    }
    if (histories < 4) throw new Error(`only ${histories} histories were found`);
  } finally {
    await connection.close();
  }
}
