import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { type Migration, migrate, pendingMigrations, readMigrations } from '../../infra/pg/migrate.js';
import { createEmptyDatabase, type TestDatabase } from '../support/postgres.js';

const DATA = join(import.meta.dirname, '../fixtures/migrations');

let database: TestDatabase;
const options = (): { databaseUrl: string; applicationName: string } => ({
  databaseUrl: database.url,
  applicationName: 'migrations-test',
});
beforeEach(async () => {
  database = await createEmptyDatabase();
});
afterEach(() => database.drop());

const migration = (version: number, sql: string, checksum = sql): Migration => ({
  version,
  name: `000${version}_change_things`,
  sql,
  checksum,
});
const tables = async (): Promise<string[]> => {
  const { rows } = await database.pools.writes.query<{ name: string }>({
    text: `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  });
  return rows.map(({ name }) => name);
};

test('each migration applies to a database that holds the data of the ones before, and ships data of its own', async () => {
  const migrations = await readMigrations();
  expect(readdirSync(DATA).sort()).toEqual(migrations.map(({ name }) => `${name}.data.sql`));
  // A text of many statements, which the pools' prepared statements cannot be.
  const load = async (file: string): Promise<void> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(readFileSync(join(DATA, file), 'utf8')).finally(() => client.end());
  };
  for (const [index, { name }] of migrations.entries()) {
    expect(await migrate(options(), migrations.slice(0, index + 1))).toEqual([name]);
    await load(`${name}.data.sql`);
  }
  const { writes } = database.pools;
  const counts = await Promise.all(
    (await tables()).map(async (table) => [table, (await writes.query({ text: `SELECT 1 FROM "${table}"` })).rowCount]),
  );
  // A table without a row would not show what a later migration does to rows.
  expect(counts.filter(([, rows]) => rows === 0)).toEqual([]);
});

test('processes that start together apply each migration once', async () => {
  const migrations = [migration(1, 'CREATE TABLE a (n int)'), migration(2, 'CREATE TABLE b (n int)')];
  const applied = await Promise.all([1, 2, 3].map(() => migrate(options(), migrations)));
  expect(applied.flat()).toEqual(['0001_change_things', '0002_change_things']);
});

test('a migration that fails leaves nothing of itself, and the next start goes on there', async () => {
  const first = migration(1, 'CREATE TABLE a (n int)');
  const broken = migrate(options(), [first, migration(2, 'CREATE TABLE b (n int); SELECT 1/0;')]);
  await expect(broken).rejects.toMatchObject({ type: 'Internal', details: { migration: '0002_change_things' } });
  expect(await tables()).toEqual(['a', 'schema_migration']);
  expect(await migrate(options(), [first, migration(2, 'CREATE TABLE c (n int)')])).toEqual(['0002_change_things']);
});

test('a changed history and one of a newer program are refused', () => {
  const applied = [migration(1, 'one'), migration(2, 'two')];
  const refuse = (known: readonly Migration[]) => () => pendingMigrations(known, applied);
  expect(refuse([migration(1, 'one', 'edited'), migration(2, 'two')])).toThrow(/0001_change_things was changed/);
  expect(refuse([migration(1, 'one')])).toThrow(/0002_change_things, which this program does not know/);
  expect(pendingMigrations([...applied, migration(3, 'three')], applied).map(({ version }) => version)).toEqual([3]);
});
