import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { Failure } from '../../domain/failures.js';
import { faultPoint } from '../fault-point.js';
import { isTransactionConflict, toDatabaseFailure } from './failures.js';
import type { Tx } from './statement.js';
import { runStatement, type WritePool } from './writes.js';

const RETRIES = 3;

/**
 * Runs `work` in one transaction and answers what it answered, after the commit. Statements that `work` asks for without
 * awaiting the one before are sent at once and run in that order. `work` runs again, at most three
 * times, after a serialization failure or a deadlock: it must have no effect outside the transaction.
 * @throws Unavailable also when the connection broke at COMMIT: whether it was applied is then unknown, so writes carry
 * keys that make a repeat harmless
 */
export const withTransaction = async <T>(writes: WritePool, work: (tx: Tx) => Promise<T>): Promise<T> => {
  for (let attempt = 0; ; attempt++) {
    try {
      return await writes.withClient((client) => once(client, work));
    } catch (error) {
      if (!(error instanceof Failure) || !isTransactionConflict(error) || attempt >= RETRIES) throw error;
      // Jitter: two transactions that met once would otherwise meet again.
      await sleep(Math.random() * 25 * 2 ** attempt);
    }
  }
};

const once = async <T>(client: ClientBase, work: (tx: Tx) => Promise<T>): Promise<T> => {
  const tx = { query: (statement) => runStatement(client, statement) } as Tx; // the only place that mints the brand
  let result: T;
  try {
    // The first statements follow on its heels instead of waiting for its answer.
    [, result] = await Promise.all([command(client, 'BEGIN'), work(tx)]);
  } catch (error) {
    // A connection that cannot even roll back is broken; the first error says more than the second.
    await command(client, 'ROLLBACK').catch(() => {});
    throw error;
  }
  await faultPoint('commit.before-call');
  // PostgreSQL answers COMMIT of a failed transaction with a rollback and no error.
  if ((await command(client, 'COMMIT')) !== 'COMMIT') {
    throw new Failure('Internal', 'A statement failed inside the transaction and its error was swallowed.');
  }
  await faultPoint('commit.after-call-before-record');
  return result;
};

const command = async (client: ClientBase, text: string): Promise<string> => {
  try {
    return (await client.query(text)).command;
  } catch (error) {
    throw toDatabaseFailure(error);
  }
};
