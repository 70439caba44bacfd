import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { connectAlone } from '../../pg/connection.js';

/** What only tells what lies on this machine's disk, or is written anew at each start. */
const LEFT_OUT: readonly string[] = ['schema_migration', 'host', 'tree', 'setup_layer'];
const FETCH_ROWS = 200;

/** One instant of the database, held until it is closed. */
export interface Snapshot {
  readonly migrations: readonly string[];
  /** Writes one file of JSON lines for each table; answers the rows of each. */
  write(directory: string): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

/** The rows as they are now: a transaction that sees nothing of what is committed later, and locks nothing. */
export const openSnapshot = async (databaseUrl: string): Promise<Snapshot> => {
  const client = await connectAlone({ databaseUrl, applicationName: 'millwright-backup' });
  try {
    // A large table takes its time, and between two tables the repositories may be copied.
    await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0');
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ name: string }>('SELECT name FROM schema_migration ORDER BY version');
    return {
      migrations: rows.map(({ name }) => name),
      write: (directory) => writeTables(client, directory),
      close: () => client.end(),
    };
  } catch (error) {
    await client.end();
    throw error;
  }
};

export const tableFile = (directory: string, table: string): string => join(directory, `${table}.jsonl`);

const writeTables = async (client: Client, directory: string): Promise<Readonly<Record<string, number>>> => {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename <> ALL ($1) ORDER BY 1`,
    [LEFT_OUT],
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    let count = 0;
    const lines = async function* (): AsyncGenerator<string> {
      for await (const line of linesOf(client, name)) {
        count += 1;
        yield `${line}\n`;
      }
    };
    await pipeline(Readable.from(lines()), createWriteStream(tableFile(directory, name), { mode: 0o600 }));
    counts[name] = count;
  }
  return counts;
};

/** As text from the server: a number beyond the safe integers stays what it is. */
async function* linesOf(client: Client, table: string): AsyncGenerator<string> {
  const from = client.escapeIdentifier(table);
  await client.query(`DECLARE rows NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS line FROM ${from} t`);
  for (;;) {
    const { rows } = await client.query<{ line: string }>(`FETCH ${FETCH_ROWS} FROM rows`);
    for (const { line } of rows) yield line;
    if (rows.length < FETCH_ROWS) break;
  }
  await client.query('CLOSE rows');
}
