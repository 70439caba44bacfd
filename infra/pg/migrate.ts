import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { Failure } from '../../domain/failures.js';
import { errorMessage } from '../errors.js';
import { type ConnectionOptions, connectAlone } from './connection.js';
import { toDatabaseFailure } from './failures.js';

export interface Migration {
  readonly version: number;
  /** `NNNN_verb_noun`. */
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

const FILE = /^(\d{4})_[a-z0-9]+(?:_[a-z0-9]+)+\.sql$/;

export const MIGRATIONS_DIRECTORY = join(import.meta.dirname, '../migrations');

/** Reads the migrations in order. @throws Internal when the numbers are not 1, 2, 3, … */
export const readMigrations = async (directory: string = MIGRATIONS_DIRECTORY): Promise<readonly Migration[]> => {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const version = Number(FILE.exec(file)?.[1]);
      if (version !== index + 1) {
        throw new Failure('Internal', `Migration ${file} should be number ${index + 1} and named NNNN_verb_noun.sql.`);
      }
      const sql = await readFile(join(directory, file), 'utf8');
      return { version, name: file.slice(0, -4), sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
};

interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * Brings the database to the newest schema, forward only, and answers the names it applied. Each migration commits
 * alone, so a killed run goes on where it was; an advisory lock lets one process at a time through.
 * @throws InvalidState when an applied migration was changed since, or comes from a newer program
 */
export const migrate = async (
  options: ConnectionOptions,
  migrations: readonly Migration[],
): Promise<readonly string[]> => {
  const client = await connectAlone(options).catch((error: unknown) => {
    throw toDatabaseFailure(error);
  });
  try {
    // A migration may rewrite a large table, and another process may be doing so right now.
    await client.query('SET statement_timeout = 0');
    await client.query(`SELECT pg_advisory_lock(hashtextextended('millwright.migrate', 0))`);
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migration (
      version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
    )`);
    const { rows } = await client.query<AppliedMigration>(
      'SELECT version, name, checksum FROM schema_migration ORDER BY version',
    );
    const pending = pendingMigrations(migrations, rows);
    for (const migration of pending) await apply(client, migration);
    return pending.map(({ name }) => name);
  } catch (error) {
    throw toDatabaseFailure(error);
  } finally {
    await client.end().catch(() => {});
  }
};

/** Compares history with program. @throws InvalidState */
export const pendingMigrations = (
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] => {
  for (const [index, row] of applied.entries()) {
    const migration = known[index];
    if (migration === undefined || migration.version !== row.version) {
      throw new Failure(
        'InvalidState',
        `The database has migration ${row.name}, which this program does not know: start the version that wrote it.`,
      );
    }
    if (migration.checksum !== row.checksum) {
      throw new Failure('InvalidState', `Migration ${row.name} was changed after it was applied to this database.`);
    }
  }
  return known.slice(applied.length);
};

const apply = async (client: Client, { version, name, sql, checksum }: Migration): Promise<void> => {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query({
      text: 'INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)',
      values: [version, name, checksum],
    });
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    const reason = errorMessage(error);
    throw new Failure('Internal', `Migration ${name} failed: ${reason}`, { migration: name }, { cause: error });
  }
};
