import pg from 'pg';
import { Failure } from '../../domain/failures.js';
import { repeatedOnConflict } from './conflict.js';
import { type ConnectionOptions, connectionConfig } from './connection.js';
import { isTransactionConflict, toDatabaseFailure } from './failures.js';
import type { Answer, Queryable, Statement } from './statement.js';

/** One connection per caller: single writing statements, and the ground of `withTransaction`. */
export class WritePool implements Queryable {
  private readonly pool: pg.Pool;

  constructor(options: ConnectionOptions, maxConnections: number) {
    // Pipelined: statements of one transaction that need no answer of each other travel together.
    const config = { ...connectionConfig(options), pipeline: true };
    this.pool = new pg.Pool({ ...config, max: maxConnections, idleTimeoutMillis: 30_000 });
    // An idle client that loses its server is dropped by the pool; unheard, the event would end the process.
    this.pool.on('error', () => {});
  }

  /** A statement by itself is a transaction, too: undone by a conflict, it runs again. */
  async query<Row extends object = Record<string, unknown>>(statement: Statement): Promise<Answer<Row>> {
    return repeatedOnConflict(() => this.withClient((client) => runStatement<Row>(client, statement)));
  }

  /** Lends one connection. It is destroyed, not returned, when `work` met a failure of the connection. */
  async withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw toDatabaseFailure(error);
    });
    let broken: Error | undefined;
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError);
    try {
      return await work(client);
    } catch (error) {
      // A conflict has undone the transaction and left the connection as it was.
      if (error instanceof Failure && error.type === 'Unavailable' && !isTransactionConflict(error)) broken ??= error;
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken ?? false);
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

export const runStatement = async <Row extends object>(
  client: pg.ClientBase,
  statement: Statement,
): Promise<Answer<Row>> => {
  try {
    const values = statement.values === undefined ? [] : [...statement.values];
    const { rows, rowCount } = await client.query({ ...statement, values });
    return { rows, rowCount: rowCount ?? 0 };
  } catch (error) {
    throw toDatabaseFailure(error);
  }
};
