import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Failure } from '../../domain/failures.js';
import { type ForgePriority, GITHUB_RATES } from '../../domain/forge/rate.js';
import { ForgeLimiter } from '../../infra/forge/limiter.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TICK = 100;
const SCOPE = 'installation/1';
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

interface Work {
  readonly epic: number;
  readonly priority: ForgePriority;
  readonly readyMs: number;
}

interface Sent extends Work {
  readonly atMs: number;
  readonly asked: number;
}

/** Three workers over one row, and a clock that goes on only when everybody waits. */
async function sendAll(all: readonly Work[]): Promise<readonly Sent[]> {
  let atMs = 0;
  const workers = [1, 2, 3].map(() => new ForgeLimiter(database.pools, GITHUB_RATES, () => atMs - Date.now()));
  const waiting = all.map((work) => ({ ...work, dueMs: work.readyMs, asked: 0 }));
  const sent: Sent[] = [];
  while (waiting.length > 0) {
    waiting.sort((a, b) => a.dueMs - b.dueMs);
    const [next] = waiting.splice(0, 1);
    if (next === undefined) break;
    atMs = Math.max(atMs, next.dueMs);
    const { dueMs: _due, ...work } = { ...next, asked: next.asked + 1 };
    try {
      const worker = workers[sent.length % workers.length];
      await worker?.enter(SCOPE, { points: 5, creates: true, priority: work.priority });
      sent.push({ ...work, atMs });
    } catch (error) {
      if (!(error instanceof Failure) || error.retryAfterMs === undefined) throw error;
      // The database's clock went on a little while it was asked.
      waiting.push({ ...work, dueMs: Math.ceil((atMs + error.retryAfterMs) / TICK) * TICK });
    }
  }
  return sent;
}

const mostWithin = (times: readonly number[], ms: number): number =>
  Math.max(...times.map((start, from) => times.slice(from).filter((at) => at < start + ms).length));

test('three epics with 500 entries keep to 500 creations an hour, and what lands is not held up by what is shown', async () => {
  const startMs = Math.ceil(Date.now() / MINUTE) * MINUTE;
  // Each entry has a pull request, and two gates that are shown on it.
  const entries = Array.from({ length: 500 }, (_, at) => ({ epic: at % 3, readyMs: startMs }));
  const work: readonly Work[] = entries.flatMap((entry) => [
    { ...entry, priority: 'landing' as const },
    { ...entry, priority: 'report' as const },
    { ...entry, priority: 'report' as const },
  ]);
  const sent = await sendAll(work);
  const times = sent.map(({ atMs }) => atMs);
  expect(sent).toHaveLength(1_500);
  expect(mostWithin(times, HOUR)).toBeLessThanOrEqual(500);
  expect(mostWithin(times, MINUTE)).toBeLessThanOrEqual(80);
  const landed = sent.filter(({ priority }) => priority === 'landing');
  const reports = sent.filter(({ priority }) => priority === 'report');
  // Alone they would need an hour; what is shown takes as long as all of it must.
  expect(landed.at(-1)?.atMs).toBeLessThan(startMs + 1.6 * HOUR);
  expect(reports.at(-1)?.atMs).toBeGreaterThan(landed.at(-1)?.atMs ?? 0);
  expect(reports.at(-1)?.atMs).toBeLessThan(startMs + 4.5 * HOUR);
  for (const epic of [0, 1, 2]) expect(landed.filter((one) => one.epic === epic).length).toBeGreaterThan(160);
  // Nobody hammers: who was told to wait asks a few times, not each minute.
  expect(sent.reduce((sum, { asked }) => sum + asked, 0)).toBeLessThan(4 * sent.length);
}, 120_000);

test('requests of two workers at once are counted both', async () => {
  const scope = 'installation/2';
  const [one, two] = [1, 2].map(() => new ForgeLimiter(database.pools, GITHUB_RATES));
  const enter = (worker: ForgeLimiter | undefined) =>
    worker?.enter(scope, { points: 5, creates: false, priority: 'landing' });
  await enter(one);
  const { writes } = database.pools;
  const { both } = await withTransaction(writes, async (tx) => {
    await tx.query({ text: 'SELECT 1 FROM forge_limit WHERE scope = $1 FOR UPDATE', values: [scope] });
    const entering = Promise.all([enter(one), enter(two)]);
    const text = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await until(async () => (await writes.query({ text })).rowCount === 2);
    return { both: entering };
  });
  await both;
  const { rows } = await writes.query<{ requests: number }>({
    text: `SELECT (state #>> '{totals,requests,landing}')::int AS requests FROM forge_limit WHERE scope = $1`,
    values: [scope],
  });
  expect(rows).toEqual([{ requests: 3 }]);
});
