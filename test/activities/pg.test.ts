import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { lockInTransaction, tryHoldLock } from '../../infra/pg/locks.js';
import { createPools } from '../../infra/pg/pools.js';
import type { Tx } from '../../infra/pg/statement.js';
import { withBatch, withTransaction } from '../../infra/pg/transaction.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.pools.writes.query({
    text: 'CREATE TABLE counter (id int PRIMARY KEY, value int8 NOT NULL, note text)',
  });
  await database.pools.writes.query({ text: `INSERT INTO counter VALUES (1, 0, ''), (2, 0, '')` });
});
afterAll(() => database.drop());

test('many reads at once share a few pipelined connections and each gets its own answer', async () => {
  const reads = Array.from({ length: 200 }, (_, n) =>
    database.pools.reads.query<{ n: number; backend: number }>({
      name: 'echo',
      text: 'SELECT $1::int AS n, pg_backend_pid() AS backend',
      values: [n],
    }),
  );
  const rows = (await Promise.all(reads)).map((answer) => answer.rows[0]);
  expect(rows.map((row) => row?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  expect(new Set(rows.map((row) => row?.backend)).size).toBeLessThanOrEqual(4);
});

test('a failing read spoils neither its connection nor the reads behind it', async () => {
  const [bad, good] = await Promise.allSettled([
    database.pools.reads.query({ text: 'SELECT 1 / $1::int', values: [0] }),
    database.pools.reads.query({ text: 'SELECT 1 AS one' }),
  ]);
  expect(bad).toMatchObject({ status: 'rejected', reason: { type: 'Internal', details: { code: '22012' } } });
  expect(good).toMatchObject({ status: 'fulfilled', value: { rows: [{ one: 1 }] } });
});

test('a failed transaction leaves nothing and its connection serves the next one', async () => {
  const failed = withTransaction(database.pools.writes, async (tx) => {
    await tx.query({ text: 'UPDATE counter SET value = 99 WHERE id = 1' });
    throw new Error('changed my mind');
  });
  await expect(failed).rejects.toThrow('changed my mind');
  const { rows } = await database.pools.writes.query({ text: 'SELECT value FROM counter WHERE id = 1' });
  expect(rows).toEqual([{ value: 0 }]);
});

test('a statement by itself that meets a serialization failure runs again', async () => {
  const { writes } = database.pools;
  // A sequence counts on through what is rolled back.
  await writes.query({ text: 'CREATE SEQUENCE tries' });
  await writes.query({
    text: `CREATE FUNCTION meet() RETURNS int8 LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('tries') < 3 THEN RAISE 'could not serialize access' USING ERRCODE = '40001'; END IF;
             RETURN lastval();
           END $$`,
  });
  expect((await writes.query({ text: 'SELECT meet() AS tries' })).rows).toEqual([{ tries: 3 }]);
});

test('a conflict costs no connection, by itself and in a transaction', async () => {
  const pools = createPools({ databaseUrl: database.url, applicationName: 'conflicts' }, { writes: 1 });
  const { writes } = pools;
  await writes.query({ text: 'CREATE SEQUENCE conflicts' });
  await writes.query({
    text: `CREATE FUNCTION sometimes() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('conflicts') % 3 <> 0 THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF;
             RETURN pg_backend_pid();
           END $$`,
  });
  const ask = { text: 'SELECT sometimes() AS pid' };
  const pids = [
    (await writes.query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid' })).rows,
    (await writes.query<{ pid: number }>(ask)).rows,
    (await withTransaction(writes, (tx) => tx.query<{ pid: number }>(ask))).rows,
    (await withBatch(writes, (tx) => tx.query<{ pid: number }>(ask))).rows,
  ].flat();
  expect(new Set(pids.map(({ pid }) => pid)).size).toBe(1);
  // What fails otherwise may be the connection itself.
  await expect(
    writes.query({ text: `DO $$ BEGIN RAISE 'away' USING ERRCODE = '57P03'; END $$` }),
  ).rejects.toMatchObject({ type: 'Unavailable' });
  const { rows } = await writes.query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid' });
  expect(rows).not.toEqual([pids[0]]);
  await pools.close();
});

test('a swallowed error inside a transaction is not taken for a commit', async () => {
  const swallowed = withTransaction(database.pools.writes, async (tx) => {
    await tx.query({ text: 'SELECT 1 / 0' }).catch(() => {});
  });
  await expect(swallowed).rejects.toMatchObject({ type: 'Internal' });
});

test('statements of a transaction that are asked for at once run in the order they were asked for', async () => {
  const { writes } = database.pools;
  await writes.query({ text: 'INSERT INTO counter VALUES (3, 1)' });
  const read = { text: 'SELECT value FROM counter WHERE id = 3' };
  const [, before, , after] = await withTransaction(writes, (tx) =>
    Promise.all([
      tx.query({ text: 'UPDATE counter SET value = value + 1 WHERE id = 3' }),
      tx.query(read),
      tx.query({ text: 'UPDATE counter SET value = value * 10 WHERE id = 3' }),
      tx.query(read),
    ]),
  );
  expect([before.rows, after.rows]).toEqual([[{ value: 2 }], [{ value: 20 }]]);
});

test('one failure among statements asked for at once leaves nothing of the others', async () => {
  const failed = withTransaction(database.pools.writes, (tx) =>
    Promise.all([
      tx.query({ text: 'INSERT INTO counter VALUES (4, 0)' }),
      tx.query({ text: 'INSERT INTO counter VALUES (1, 0)' }),
      tx.query({ text: 'INSERT INTO counter VALUES (5, 0)' }),
    ]),
  );
  await expect(failed).rejects.toMatchObject({ type: 'Conflict', details: { code: '23505' } });
  const { rows } = await database.pools.writes.query({ text: 'SELECT id FROM counter WHERE id IN (4, 5)' });
  expect(rows).toEqual([]);
});

test('a batch runs in the order it was asked for and is committed', async () => {
  const { writes } = database.pools;
  const read = { text: 'SELECT value FROM counter WHERE id = 6' };
  const [, before, , after] = await withBatch(writes, (tx) =>
    Promise.all([
      tx.query({ text: 'INSERT INTO counter VALUES (6, 1)' }),
      tx.query(read),
      tx.query({ text: 'UPDATE counter SET value = value * 10 WHERE id = 6' }),
      tx.query(read),
    ]),
  );
  expect([before.rows, after.rows]).toEqual([[{ value: 1 }], [{ value: 10 }]]);
  expect((await writes.query(read)).rows).toEqual([{ value: 10 }]);
});

test.each([
  ['the server refuses a statement', (tx: Tx) => tx.query({ text: 'INSERT INTO counter VALUES (1, 0)' })],
  [
    'a value cannot be sent',
    (tx: Tx) =>
      tx.query({
        text: 'SELECT $1::text',
        values: [
          {
            toPostgres: () => {
              throw new Error('no text');
            },
          },
        ],
      }),
  ],
  ['something of ours fails between two statements', async () => Promise.reject(new Error('not asked'))],
])('nothing of a batch is there when %s', async (_, fail) => {
  const { writes } = database.pools;
  const failed = withBatch(writes, (tx) =>
    Promise.all([tx.query({ text: 'INSERT INTO counter VALUES (7, 0)' }), fail(tx), tx.query({ text: 'SELECT 1' })]),
  );
  await expect(failed).rejects.toThrow();
  expect((await writes.query({ text: 'SELECT FROM counter WHERE id = 7' })).rowCount).toBe(0);
});

test('a batch whose statements wait for each other is refused', async () => {
  const failed = withBatch(database.pools.writes, async (tx) => {
    await tx.query({ text: 'SELECT 1' });
    await tx.query({ text: 'INSERT INTO counter VALUES (8, 0)' });
  });
  await expect(failed).rejects.toMatchObject({ type: 'Internal' });
  const { rowCount } = await database.pools.writes.query({ text: 'SELECT FROM counter WHERE id = 8' });
  expect(rowCount).toBe(0);
});

test('reads that travel together come over one connection, and one failure spoils none of the others', async () => {
  const backend = { text: 'SELECT pg_backend_pid() AS backend' };
  const [one, bad, other] = await database.pools.reads.together((reads) =>
    Promise.allSettled([reads.query(backend), reads.query({ text: 'SELECT 1 / 0' }), reads.query(backend)]),
  );
  expect(bad).toMatchObject({ status: 'rejected', reason: { details: { code: '22012' } } });
  expect(one).toMatchObject({ status: 'fulfilled' });
  expect(other).toEqual(one);
});

test('two transactions that deadlock both commit, because the loser runs again', async () => {
  let arrived = 0;
  const crossing = (first: number, second: number): Promise<number> => {
    let runs = 0;
    return withTransaction(database.pools.writes, async (tx) => {
      runs++;
      await tx.query({ text: 'UPDATE counter SET value = value + 1 WHERE id = $1', values: [first] });
      arrived++;
      await until(() => arrived >= 2);
      await tx.query({ text: 'UPDATE counter SET value = value + 1 WHERE id = $1', values: [second] });
      return runs;
    });
  };
  const runs = await Promise.all([crossing(1, 2), crossing(2, 1)]);
  expect([...runs].sort()).toEqual([1, 2]);
  const { rows } = await database.pools.reads.query({ text: 'SELECT value FROM counter WHERE id < 3 ORDER BY id' });
  expect(rows).toEqual([{ value: 2 }, { value: 2 }]);
});

test('a transaction whose row another one changed meanwhile runs again', async () => {
  const { writes } = database.pools;
  await writes.query({ text: 'INSERT INTO counter VALUES (40, 1)' });
  let tries = 0;
  await withTransaction(writes, async (tx) => {
    tries += 1;
    await tx.query({ text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' });
    await tx.query({ text: 'SELECT value FROM counter WHERE id = 40' });
    if (tries === 1) await writes.query({ text: 'UPDATE counter SET value = 5 WHERE id = 40' });
    await tx.query({ text: 'UPDATE counter SET value = value + 1 WHERE id = 40' });
  });
  const { rows } = await writes.query({ text: 'SELECT value FROM counter WHERE id = 40' });
  expect([tries, rows]).toEqual([2, [{ value: 6 }]]);
});

test('NUL in text and in JSON is refused as bad input', async () => {
  const { writes } = database.pools;
  const text = writes.query({ text: 'UPDATE counter SET note = $1', values: ['a\0b'] });
  await expect(text).rejects.toMatchObject({ type: 'InvalidInput' });
  const json = writes.query({ text: 'SELECT $1::jsonb', values: [JSON.stringify({ note: 'a\0b' })] });
  await expect(json).rejects.toMatchObject({ type: 'InvalidInput' });
});

test('int8 arrives as a number, and one beyond the safe integers is refused', async () => {
  const { reads } = database.pools;
  expect((await reads.query({ text: 'SELECT 9007199254740991::int8 AS n' })).rows).toEqual([{ n: 9007199254740991 }]);
  await expect(reads.query({ text: 'SELECT 9007199254740993::int8 AS n' })).rejects.toMatchObject({ type: 'Internal' });
});

test('a session lock has one holder, tells when its session is gone, and is then free', async () => {
  const options = { databaseUrl: database.url, applicationName: 'lock-test' };
  const lock = await tryHoldLock(options, 'duties');
  expect(lock?.proof.name).toBe('duties');
  expect(await tryHoldLock(options, 'duties')).toBeUndefined();
  await database.pools.writes.query({
    text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lock-test'`,
  });
  await until(() => lock?.lost.aborted === true);
  // The server says goodbye before it lets go of what the session held.
  let next: Awaited<ReturnType<typeof tryHoldLock>>;
  await until(async () => {
    next = await tryHoldLock(options, 'duties');
    return next !== undefined;
  });
  await next?.release();
});

test('a transaction lock makes the second transaction wait for the first', async () => {
  const order: string[] = [];
  let isHeld = false;
  const first = withTransaction(database.pools.writes, async (tx) => {
    await lockInTransaction(tx, 'one');
    isHeld = true;
    await until(async () => {
      const { rowCount } = await database.pools.reads.query({
        text: `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`,
      });
      return rowCount > 0;
    });
    order.push('first');
  });
  await until(() => isHeld);
  const second = withTransaction(database.pools.writes, async (tx) => {
    await lockInTransaction(tx, 'one');
    order.push('second');
  });
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
});
