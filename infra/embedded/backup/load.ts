import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Client } from 'pg';
import { Failure } from '../../../domain/failures.js';
import { connectAlone } from '../../pg/connection.js';
import { migrate, readMigrations } from '../../pg/migrate.js';
import { tableFile } from './dump.js';
import type { Manifest } from './manifest.js';

const BATCH_ROWS = 200;
const BATCH_CHARS = 4 * 1024 * 1024;

/**
 * Brings an empty database to the backup's schema and puts its rows in, all or none of them. The next start migrates
 * them on.
 * @throws InvalidState when the database holds something, or the backup's schema is one that this program lacks
 */
export const loadRows = async (
  databaseUrl: string,
  directory: string,
  manifest: Pick<Manifest, 'migrations' | 'rows'>,
): Promise<void> => {
  const options = { databaseUrl, applicationName: 'millwright-restore' };
  const known = await readMigrations();
  const wanted = known.slice(0, manifest.migrations.length);
  if (wanted.map(({ name }) => name).join() !== manifest.migrations.join()) {
    const last = manifest.migrations.at(-1) ?? 'none';
    throw new Failure('InvalidState', `The backup's schema (${last}) is not one of this version: use the newer one.`);
  }
  const client = await connectAlone(options);
  try {
    const { rows } = await client.query<{ found: boolean }>(
      `SELECT to_regclass('schema_migration') IS NOT NULL AS found`,
    );
    if (rows[0]?.found) throw new Failure('InvalidState', 'The database is not empty: restore into a new one.');
    await migrate(options, wanted);
    await client.query('SET statement_timeout = 0');
    await client.query('BEGIN');
    const constraints = await dropForeignKeys(client);
    for (const [table, count] of Object.entries(manifest.rows)) await loadTable(client, { directory, table, count });
    for (const statement of constraints) await client.query(statement);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
};

/** Rows of one table name rows of another in every order; all is checked when the keys are made again. */
const dropForeignKeys = async (client: Client): Promise<readonly string[]> => {
  const { rows } = await client.query<{ drop: string; add: string }>(
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
            format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS add
     FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1`,
  );
  for (const { drop } of rows) await client.query(drop);
  return rows.map(({ add }) => add);
};

interface Column {
  readonly name: string;
  readonly type: string;
  readonly sequence: string | null;
}

interface TableLoad {
  readonly directory: string;
  readonly table: string;
  readonly count: number;
}

const loadTable = async (client: Client, { directory, table, count }: TableLoad): Promise<void> => {
  const columns = await columnsOf(client, table);
  if (columns.length === 0) throw new Failure('InvalidInput', `The backup has rows of ${table}, which is no table.`);
  const insert = insertInto(client, table, columns);
  let loaded = 0;
  for await (const batch of batchesOf(tableFile(directory, table))) {
    await client.query(insert, [`[${batch.join(',')}]`]);
    loaded += batch.length;
  }
  if (loaded !== count) {
    throw new Failure('InvalidInput', `The backup is damaged: ${loaded} of ${count} rows of ${table}.`);
  }
  const name = client.escapeIdentifier(table);
  for (const { name: column, sequence } of columns) {
    if (sequence === null || loaded === 0) continue;
    await client.query(`SELECT setval($1, (SELECT max(${client.escapeIdentifier(column)}) FROM ${name}))`, [sequence]);
  }
};

const columnsOf = async (client: Client, table: string): Promise<readonly Column[]> => {
  const { rows } = await client.query<Column>(
    `SELECT column_name AS name, udt_name AS type, pg_get_serial_sequence(quote_ident(table_name), column_name) AS sequence
     FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position`,
    [table],
  );
  return rows;
};

/** Transaction numbers of another cluster mean nothing in this one: restored events come before all that follow. */
const insertInto = (client: Client, table: string, columns: readonly Column[]): string => {
  const names = columns.map(({ name }) => client.escapeIdentifier(name));
  const values = columns.map(({ type }, at) => (type === 'xid8' ? `'0'::xid8` : names[at]));
  const into = client.escapeIdentifier(table);
  return `INSERT INTO ${into} (${names.join(', ')}) OVERRIDING SYSTEM VALUE
          SELECT ${values.join(', ')} FROM json_populate_recordset(NULL::${into}, $1::json)`;
};

async function* batchesOf(file: string): AsyncGenerator<readonly string[]> {
  let batch: string[] = [];
  let chars = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    batch.push(line);
    chars += line.length;
    if (batch.length < BATCH_ROWS && chars < BATCH_CHARS) continue;
    yield batch;
    batch = [];
    chars = 0;
  }
  if (batch.length > 0) yield batch;
}
