import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientBase, PoolClient } from 'pg';
import { Failure } from '../../domain/failures.js';
import { faultPoint } from '../fault-point.js';
import { repeatedOnConflict } from './conflict.js';
import { isTransactionConflict, toDatabaseFailure } from './failures.js';
import type { Tx } from './statement.js';
import { runStatement, type WritePool } from './writes.js';

/**
 * Runs `work` in one transaction and answers what it answered, after the commit. Statements that `work` asks for without
 * awaiting the one before are sent at once and run in that order. `work` runs again, at most three
 * times, after a serialization failure or a deadlock: it must have no effect outside the transaction.
 * @throws Unavailable also when the connection broke at COMMIT: whether it was applied is then unknown, so writes carry
 * keys that make a repeat harmless
 */
export const withTransaction = async <T>(writes: WritePool, work: (tx: Tx) => Promise<T>): Promise<T> =>
  repeatedOnConflict(() => writes.withClient((client) => once(client, work)));

/**
 * The same where no statement needs the answer of another: `work` asks for all of them before it waits for any, and they
 * travel with BEGIN and COMMIT in one trip. When one fails, nothing of them is there.
 */
export const withBatch = async <T>(writes: WritePool, work: (tx: Tx) => Promise<T>): Promise<T> =>
  repeatedOnConflict(() => writes.withClient((client) => inOneTrip(client, work)));

const once = async <T>(client: ClientBase, work: (tx: Tx) => Promise<T>): Promise<T> => {
  const tx = { query: (statement) => runStatement(client, statement) } as Tx; // minted in this file alone
  let result: T;
  try {
    // The first statements follow on its heels instead of waiting for its answer.
    [, result] = await Promise.all([command(client, 'BEGIN'), work(tx)]);
  } catch (error) {
    // A connection that cannot even roll back is broken; the first error says more than the second, but for a conflict:
    // that alone would leave the connection to others.
    const stuck = await command(client, 'ROLLBACK').then(
      () => undefined,
      (reason: unknown) => reason,
    );
    throw stuck !== undefined && error instanceof Failure && isTransactionConflict(error) ? stuck : error;
  }
  await faultPoint('commit.before-call');
  requireCommitted(await command(client, 'COMMIT'));
  await faultPoint('commit.after-call-before-record');
  return result;
};

const inOneTrip = async <T>(client: PoolClient, work: (tx: Tx) => Promise<T>): Promise<T> => {
  let isSent = false;
  const query: Tx['query'] = async (statement) => {
    if (isSent) throw new Failure('Internal', 'A statement of a batch waited for something and came after its COMMIT.');
    return runStatement(client, statement);
  };
  await faultPoint('commit.before-call');
  // As one write: each of its own is a system call here and a wake-up of the server.
  const { stream } = client.connection;
  stream.cork();
  let hasFailed = false;
  const asked = [command(client, 'BEGIN'), (async () => work({ query } as Tx))()] as const;
  const answered = Promise.allSettled(asked);
  asked[1].catch(() => {
    hasFailed = true;
  });
  // What fails here, before it reaches the server, shows in this turn: half of a batch must not be committed.
  await nextTurn();
  isSent = true;
  const ended = command(client, hasFailed ? 'ROLLBACK' : 'COMMIT');
  stream.uncork();
  // All have answered before the connection is anybody else's. Of several errors the first is the cause.
  const [[begun, done], [end]] = await Promise.all([answered, Promise.allSettled([ended])]);
  for (const part of [begun, done, end]) if (part.status === 'rejected') throw part.reason;
  requireCommitted(await ended);
  await faultPoint('commit.after-call-before-record');
  return asked[1];
};

/** PostgreSQL answers COMMIT of a failed transaction with a rollback and no error. */
const requireCommitted = (tag: string): void => {
  if (tag === 'COMMIT') return;
  throw new Failure('Internal', 'A statement failed inside the transaction and its error was swallowed.');
};

const command = async (client: ClientBase, text: string): Promise<string> => {
  try {
    return (await client.query(text)).command;
  } catch (error) {
    throw toDatabaseFailure(error);
  }
};
