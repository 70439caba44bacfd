import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { listen } from '../../infra/pg/listen.js';
import { tryHoldLock } from '../../infra/pg/locks.js';
import { createPools, type Pools } from '../../infra/pg/pools.js';
import { TcpFaultProxy } from '../support/network/tcp-fault-proxy.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';

let database: TestDatabase;
let proxy: TcpFaultProxy;
let pools: Pools;

beforeEach(async () => {
  database = await createTestDatabase();
  const { hostname, port } = new URL(database.url);
  proxy = await TcpFaultProxy.start({ host: hostname, port: Number(port) });
  pools = createPools({ databaseUrl: proxy.urlOf(database.url), applicationName: 'lost-route', answerMs: 1_000 });
});
afterEach(async () => {
  await pools.close();
  await proxy.close();
  await database.drop();
});

test.each([
  ['reads', 'once they had one'],
  ['reads', 'before their first connection'],
  ['writes', 'once they had one'],
  ['writes', 'before their first connection'],
] as const)('%s whose route is lost %s fail in time as unavailable, and the next ones answer', async (kind, when) => {
  const ask = () => pools[kind].query({ text: 'SELECT 1 AS one' });
  if (when === 'once they had one') await ask();
  proxy.set({ isHalfOpen: true });
  await expect(ask()).rejects.toMatchObject({ type: 'Unavailable' });
  proxy.heal();
  await until(() =>
    ask().then(
      ({ rows }) => rows.length === 1,
      () => false,
    ),
  );
});

test('a lock whose holder is out of reach becomes free, and the holder hears that it has lost it', async () => {
  const options = { databaseUrl: proxy.urlOf(database.url), applicationName: 'holder' };
  const held = await tryHoldLock(options, 'one');
  proxy.set({ isHalfOpen: true });
  const direct = { databaseUrl: database.url, applicationName: 'other' };
  let other = await tryHoldLock(direct, 'one');
  expect(other).toBeUndefined();
  await until(
    async () => {
      other = await tryHoldLock(direct, 'one');
      return other !== undefined;
    },
    { everyMs: 500 },
  );
  await other?.release();
  await until(() => held?.lost.aborted === true);
});

test('a listener and a lock over a lost route are given up in time, not awaited for ever', async () => {
  const options = { databaseUrl: proxy.urlOf(database.url), applicationName: 'holder' };
  let wakes = 0;
  const listener = listen({ ...options, channel: 'any', pollMs: 60_000, onWake: () => wakes++ });
  await until(() => wakes > 0);
  const held = await tryHoldLock(options, 'two');
  proxy.set({ isHalfOpen: true });
  await listener.close();
  await held?.release();
});
