import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  bookLost,
  type LedgerKey,
  refreshRunTotals,
  releaseReservation,
  reserve,
  settle,
  spentTotals,
} from '../../../activities/store/usage.repository.js';
import { NO_USAGE } from '../../../domain/pricing.js';
import type { Tx } from '../../../infra/pg/statement.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertProject, insertRun } from '../../support/rows.js';

let db: TestDatabase;
let projectId: string;
let runId: string;
beforeAll(async () => {
  db = await createTestDatabase();
  projectId = await insertProject(db.pools.writes);
});
afterAll(() => db.drop());
beforeEach(async () => {
  runId = await insertRun(db.pools.writes, projectId);
});

const write = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => withTransaction(db.pools.writes, work);
/** One call of a turn, reserved at 100. */
const begin = async (turn = 0): Promise<LedgerKey> => {
  const about = { runId, turn, taskId: null, epicId: null, projectId, model: 'm' };
  const attempt = await write((tx) => reserve(tx, { ...about, worst: NO_USAGE, costMicroUsd: 100 }));
  return { runId, turn, attempt };
};
const end = (key: LedgerKey, costMicroUsd: number) =>
  write((tx) => settle(tx, key, { usage: { ...NO_USAGE, outputTokens: 5 }, costMicroUsd, isKept: true }));
const states = async (): Promise<readonly unknown[]> => {
  const text = 'SELECT state FROM usage_ledger WHERE run_id = $1 ORDER BY turn, attempt';
  return (await db.pools.writes.query<{ state: string }>({ text, values: [runId] })).rows.map(({ state }) => state);
};

test('a call that broke off is booked alone: another attempt of its turn is still under way', async () => {
  const first = await begin();
  await begin();
  await write((tx) => bookLost(tx, runId, 0, first.attempt));
  expect(await states()).toEqual(['lost', 'reserved']);
});

test('what is booked is not taken back: only a call that is still reserved may cost nothing', async () => {
  const [lost, refused] = [await begin(0), await begin(1)];
  await write((tx) => bookLost(tx, runId, 0));
  for (const key of [lost, refused]) await write((tx) => releaseReservation(tx, key));
  expect(await states()).toEqual(['lost']);
});

test('calls under way count neither as spent by their run nor against a limit, until their end is seen', async () => {
  await end(await begin(0), 7);
  const key = await begin(1);
  const shown = async () => {
    await write((tx) => refreshRunTotals(tx, runId));
    const text = 'SELECT cost_micro_usd::int AS cost FROM run WHERE id = $1';
    const [row] = (await db.pools.writes.query<{ cost: number }>({ text, values: [runId] })).rows;
    return [row?.cost, (await spentTotals(db.pools.writes, runId)).run.costMicroUsd];
  };
  expect(await shown()).toEqual([7, 7]);
  await write((tx) => bookLost(tx, runId, 1));
  expect(await shown()).toEqual([107, 107]);
  await end(key, 20); // it was alive after all
  expect(await shown()).toEqual([27, 27]);
});
