import { lockInTransaction } from '../../../infra/pg/locks.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import type { TestDatabase } from '../postgres.js';
import { until } from '../until.js';

/**
 * Has people act at the same time: none commits before each has come as far as the others let it. Whatever a person
 * does is written into the audit last, and its chain is held until then.
 */
export async function atOnce<T>(
  { pools: { writes } }: TestDatabase,
  acts: readonly (() => Promise<T>)[],
): Promise<readonly T[]> {
  const text = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  const { answers } = await withTransaction(writes, async (tx) => {
    await lockInTransaction(tx, 'audit');
    const acting = Promise.all(acts.map((act) => act()));
    await until(async () => (await writes.query({ text })).rowCount === acts.length);
    return { answers: acting };
  });
  return await answers;
}
