import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { appendEvent } from '../../infra/pg/events.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { insertKey, TestApi } from '../support/api/api.js';
import { rowsOf, seedAgent, seedEpic, seedProject, seedRun } from '../support/api/seed.js';
import { EventReader } from '../support/api/sse.js';
import { until } from '../support/until.js';

let api: TestApi;
let projectId: string;

beforeAll(async () => {
  api = await TestApi.start();
  projectId = await seedProject(api.database);
});
afterAll(async () => {
  await api.stop();
});

const append = (epicId: string, note: string): Promise<number> =>
  withTransaction(api.database.pools.writes, (tx) =>
    appendEvent(tx, { projectId, epicId, type: 'epic.note', data: { note } }),
  );

const follow = (query: string, lastEventId?: string, key = api.keys.viewer): Promise<EventReader> =>
  EventReader.open(`${api.url}/api/v1/events/stream${query}`, key, lastEventId);

const notes = (events: readonly { readonly data: Readonly<Record<string, unknown>> }[]): readonly unknown[] =>
  events.map(({ data }) => data.note);

/** Resolves when the API has asked for new events since the call, as PostgreSQL saw it. */
const feedHasLooked = async (): Promise<void> => {
  const [since] = await rowsOf<{ now: string }>(api.database, 'SELECT clock_timestamp()::text AS now');
  await until(async () => {
    const looks = await rowsOf(
      api.database,
      `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%FROM event%ORDER BY event.xid, position LIMIT%'
       AND query NOT LIKE '%pg_stat_activity%' AND state = 'idle' AND query_start > $1`,
      [since?.now],
    );
    return looks.length > 0;
  });
};

test('a reader without a place hears what happens from now on', async () => {
  const epic = await seedEpic(api.database, projectId);
  await append(epic, 'before');
  await until(async () => {
    const [row] = await rowsOf<{ n: number }>(
      api.database,
      'SELECT count(*) AS n FROM event WHERE epic_id = $1 AND xid < pg_snapshot_xmin(pg_current_snapshot())',
      [epic],
    );
    return row?.n === 1;
  });
  // The feed has read the first event once another reader has been told of it.
  const replay = await follow(`?epicId=${epic}`, '0-0');
  await replay.until(1);
  const reader = await follow(`?epicId=${epic}`);
  expect(reader.status).toBe(200);
  await append(epic, 'after');
  expect(notes(await reader.until(1))).toEqual(['after']);
  replay.close();
  reader.close();
});

test('Last-Event-ID goes on after that event, in order and without a gap', async () => {
  const epic = await seedEpic(api.database, projectId);
  for (let at = 0; at < 10; at++) await append(epic, `n${at}`);
  const all = await follow(`?epicId=${epic}`, '0-0');
  const seen = [...(await all.until(10))];
  expect(notes(seen)).toEqual(Array.from({ length: 10 }, (_, at) => `n${at}`));
  const rest = await follow(`?epicId=${epic}`, seen[3]?.id);
  await append(epic, 'n10');
  expect(notes(await rest.until(7))).toEqual(['n4', 'n5', 'n6', 'n7', 'n8', 'n9', 'n10']);
  all.close();
  rest.close();
});

test('an event that commits late is neither passed over nor told before its time', async () => {
  const epic = await seedEpic(api.database, projectId);
  const slow = new pg.Client({ connectionString: api.database.url });
  await slow.connect();
  const reader = await follow(`?epicId=${epic}`, '0-0');
  // The slow writer takes the lower position, the quick one commits first.
  await slow.query('BEGIN');
  await slow.query(
    `INSERT INTO event (stream_id, seq, type, project_id, epic_id, data)
     VALUES ('late', 1, 'epic.note', $1, $2, '{"note":"slow"}')`,
    [projectId, epic],
  );
  await append(epic, 'quick');
  const other = await seedEpic(api.database, projectId);
  await append(other, 'also quick');
  await feedHasLooked();
  expect(reader.seen).toEqual([]);
  await slow.query('COMMIT');
  await slow.end();
  const seen = await reader.until(2);
  expect(notes(seen)).toEqual(['slow', 'quick']);
  // Whoever had stopped between the two misses neither.
  const rest = await follow(`?epicId=${epic}`, seen[0]?.id);
  expect(notes(await rest.until(1))).toEqual(['quick']);
  reader.close();
  rest.close();
});

test('no reader takes an event from another', async () => {
  const epic = await seedEpic(api.database, projectId);
  const readers = await Promise.all(Array.from({ length: 20 }, () => follow(`?epicId=${epic}`, '0-0')));
  for (let at = 0; at < 30; at++) await append(epic, `n${at}`);
  for (const reader of readers) {
    expect(notes(await reader.until(30))).toEqual(Array.from({ length: 30 }, (_, at) => `n${at}`));
    reader.close();
  }
});

test('a key of certain projects hears of these only', async () => {
  const other = await seedProject(api.database);
  const key = await insertKey(api.database, { name: 'narrow', role: 'viewer', projects: [other] });
  const reader = await follow('', '0-0', key);
  const mine = await seedEpic(api.database, projectId);
  await append(mine, 'not for you');
  await withTransaction(api.database.pools.writes, (tx) =>
    appendEvent(tx, { type: 'factory.note', data: { note: 'of no project' } }),
  );
  const epic = await seedEpic(api.database, other);
  await withTransaction(api.database.pools.writes, (tx) =>
    appendEvent(tx, { projectId: other, epicId: epic, type: 'epic.note', data: { note: 'for you' } }),
  );
  expect(notes(await reader.until(1))).toEqual(['for you']);
  reader.close();
});

test.each([
  ['revoked', 'revoked_at = now()'],
  ['expired', 'expires_at = now()'],
])('a stream, of a run too, ends soon after its key was %s', async (name, end) => {
  const key = await insertKey(api.database, { name, role: 'viewer' });
  const agentId = await seedAgent(api.database, `of the ${name}`);
  const run = await seedRun(api.database, { projectId, agentId });
  const ofRun = await EventReader.open(`${api.url}/api/v1/runs/${run}/events`, key);
  const reader = await follow('', undefined, key);
  expect([reader.status, ofRun.status]).toEqual([200, 200]);
  await rowsOf(api.database, `UPDATE api_key SET ${end} WHERE name = $1`, [name]);
  await Promise.all([reader.ended, ofRun.ended]);
  expect((await follow('', undefined, key)).status).toBe(401);
});

test('the stream goes on when the database ends every connection', async () => {
  const epic = await seedEpic(api.database, projectId);
  const reader = await follow(`?epicId=${epic}`, '0-0');
  await append(epic, 'one');
  await reader.until(1);
  await rowsOf(
    api.database,
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  ).catch(() => []);
  await until(async () =>
    append(epic, 'two').then(
      () => true,
      () => false,
    ),
  );
  const seen = await reader.until(2);
  expect(notes(seen.slice(-1))).toEqual(['two']);
  reader.close();
});

/** What is held once garbage is collected, which happens whenever the engine likes to. */
const heldBytes = (): number => {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
};

test('a reader that never reads holds nobody back and is given no more than its socket takes', async () => {
  const epic = await seedEpic(api.database, projectId);
  const { hostname, port } = new URL(api.url);
  const deaf = connect(Number(port), hostname);
  deaf.pause();
  deaf.write(
    `GET /api/v1/events/stream?epicId=${epic} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${api.keys.viewer}\r\nlast-event-id: 0-0\r\n\r\n`,
  );
  const reader = await follow(`?epicId=${epic}`, '0-0');
  const before = heldBytes();
  const long = 'x'.repeat(100_000);
  for (let at = 0; at < 300; at++) await append(epic, `${at} ${long}`);
  await reader.until(300);
  reader.seen.length = 0;
  const grown = heldBytes() - before;
  // 30 MB were told. The feed keeps them once for all; a queue for the deaf reader would hold them again and again.
  expect(grown).toBeLessThan(200 * 1024 * 1024);
  reader.close();
  deaf.destroy();
});

test.each(['x', '1', '1-', '-1-1', '1-1-1', '99999999999999999999999-1', '1-99999999999999999'])(
  'a Last-Event-ID of another shape is refused: %s',
  async (id) => {
    const { status, body } = await api.get('/api/v1/events/stream', { headers: { 'last-event-id': id } });
    expect([status, body.code]).toEqual([400, 'InvalidInput']);
  },
);

test('a place that this database never gave replays from the start', async () => {
  const epic = await seedEpic(api.database, projectId);
  await append(epic, 'restored');
  const reader = await follow(`?epicId=${epic}`, '18446744073709551000-3');
  expect(notes(await reader.until(1))).toEqual(['restored']);
  reader.close();
});
