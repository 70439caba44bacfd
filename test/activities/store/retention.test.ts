import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createRetentionCleaners } from '../../../activities/git/retention-cleaners.js';
import { createFleetActivities } from '../../../activities/store/fleet.activities.js';
import { createBlobStore } from '../../../infra/artifacts.js';
import { TreeStore } from '../../../infra/git/tree-store.js';
import { rowsOf, seedAgent, seedEpic, seedProject, seedRun, seedTask } from '../../support/api/seed.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

let database: TestDatabase;
let home: string;
let projectId: string;
let agentId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  home = mkdtempSync(join(tmpdir(), 'millwright-retention-'));
  projectId = await seedProject(database);
  agentId = await seedAgent(database, 'ada');
});
afterAll(async () => {
  await database?.drop();
  rmSync(home, { recursive: true, force: true });
});

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
const ref = (letter: string): string => `sha256:${letter.repeat(64)}`;
const run = (text: string, values: readonly unknown[] = []) => rowsOf(database, text, values);
const sweep = () => createFleetActivities({ pools: database.pools }).sweepStore();
const blobs = async (): Promise<readonly string[]> =>
  (await rowsOf<{ letter: string }>(database, 'SELECT substr(ref, 8, 1) AS letter FROM blob ORDER BY ref')).map(
    ({ letter }) => letter,
  );

/** A run of an epic in a state, with a turn whose texts are the two letters and a claim of the third. */
const work = async (state: string, endedDaysAgo: number, [request, call, result]: readonly string[]) => {
  const epicId = await seedEpic(database, projectId, { state, updated_at: daysAgo(endedDaysAgo) });
  const runId = await seedRun(database, { projectId, agentId }, { epic_id: epicId, ended_at: daysAgo(endedDaysAgo) });
  const calls = JSON.stringify([{ id: 'x', name: 'read_file', inputRef: ref(call ?? '') }]);
  await run('INSERT INTO turn (run_id, seq, request_ref, tool_calls) VALUES ($1, 1, $2, $3)', [
    runId,
    ref(request ?? ''),
    calls,
  ]);
  await run(
    `INSERT INTO claim (run_id, turn, call_id, tool, fence, result_ref) VALUES ($1, 1, 'x', 'read_file', '1', $2)`,
    [runId, ref(result ?? '')],
  );
  await run(`INSERT INTO event (stream_id, seq, type, epic_id) VALUES ($1::text, 1, 'epic.state', $1::uuid)`, [epicId]);
  return epicId;
};

test('texts and events of work that ended long ago go; those of open and of recent work stay', async () => {
  const old = await work('COMPLETED', 91, ['1', '2', '3']);
  const recent = await work('CANCELLED', 89, ['4', '5', '6']);
  const open = await work('BLOCKED', 400, ['7', '8', '9']);
  for (const letter of '123456789abcdef') {
    await run(`INSERT INTO blob (ref, body, created_at) VALUES ($1, 'x', $2)`, [ref(letter), daysAgo(500)]);
  }
  // `a` is the log of a verdict that is kept, `b` the context of a decision, `c` is young, and one text is shared.
  await run(
    `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, log_ref, build_id, expires_at)
     VALUES (gen_random_uuid(), $1, 'k', 'test', 't', 'passed', $2, 'b', now())`,
    [projectId, ref('a')],
  );
  await run(
    `INSERT INTO decision (id, kind, title, decision, context_ref) VALUES (gen_random_uuid(), 'decision', 't', 'd', $1)`,
    [ref('b')],
  );
  await run('UPDATE blob SET created_at = now() WHERE ref = $1', [ref('c')]);
  await run('UPDATE claim SET input_ref = $1 WHERE result_ref = $2', [ref('1'), ref('9')]);
  const { removed } = await sweep();
  expect(removed).toBe(6);
  expect(await blobs()).toEqual([...'1456789abc']);
  const left = await rowsOf<{ id: string }>(database, 'SELECT epic_id AS id FROM event ORDER BY position');
  expect(left.map(({ id }) => id)).toEqual([recent, open]);
  expect(left.map(({ id }) => id)).not.toContain(old);
  expect((await sweep()).removed).toBe(0);
});

test('deliveries go when they were handled a month ago; those of a removed project later', async () => {
  const keep = (id: string, received: number, handled: number | null) =>
    run('INSERT INTO webhook_delivery (delivery_id, event, received_at, handled_at) VALUES ($1, $2, $3, $4)', [
      id,
      'issues',
      daysAgo(received),
      handled === null ? null : daysAgo(handled),
    ]);
  await keep('old', 31, 31);
  await keep('handled late', 31, 29);
  await keep('young', 29, 29);
  await keep('waits', 89, null);
  await keep('forgotten', 91, null);
  expect((await sweep()).removed).toBe(2);
  const left = await rowsOf<{ id: string }>(database, 'SELECT delivery_id AS id FROM webhook_delivery ORDER BY 1');
  expect(left.map(({ id }) => id)).toEqual(['handled late', 'waits', 'young']);
});

test('what was shown of a commit is forgotten after the time of retention', async () => {
  const projectId = await seedProject(database);
  for (const days of [89, 91])
    await run('INSERT INTO forge_shown (project_id, subject, digest, shown_at) VALUES ($1, $2, $3, $4)', [
      projectId,
      `gate of ${days}`,
      'd',
      daysAgo(days),
    ]);
  await sweep();
  const left = await rowsOf<{ subject: string }>(database, 'SELECT subject FROM forge_shown');
  expect(left).toEqual([{ subject: 'gate of 89' }]);
});

test('decisions and audit stay for ever', async () => {
  await run(
    `INSERT INTO audit (who, what, object, at, prev_hash, hash) VALUES ('ada', 'epic.created', 'epic/x', $1, '0', '1')`,
    [daysAgo(4_000)],
  );
  await run(
    `INSERT INTO decision (id, kind, title, decision, created_at) VALUES (gen_random_uuid(), 'human', 't', 'd', $1)`,
    [daysAgo(4_000)],
  );
  const before = [await run('SELECT id FROM audit'), await run('SELECT id FROM decision ORDER BY id')];
  await sweep();
  expect([await run('SELECT id FROM audit'), await run('SELECT id FROM decision ORDER BY id')]).toEqual(before);
});

test('a text that comes again is young again', async () => {
  const store = createBlobStore(database.pools.writes, join(home, 'artifacts'));
  const kept = await store.put('said before');
  await run('UPDATE blob SET created_at = $2 WHERE ref = $1', [kept, daysAgo(100)]);
  await store.put('said before');
  await sweep();
  expect(await store.get(kept)).toBe('said before');
});

const put = (path: string, days: number): void => {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), '');
  utimesSync(join(home, path), new Date(), new Date(daysAgo(days)));
};

const clean = async (): Promise<number> => {
  let removed = 0;
  const directories = {
    artifacts: join(home, 'artifacts'),
    mirrors: join(home, 'mirrors'),
    forge: join(home, 'forge'),
  };
  const deps = { ...directories, layers: join(home, 'layers'), trees: new TreeStore(join(home, 'trees')) };
  for (const one of createRetentionCleaners({ ...deps, db: database.pools.writes })) removed += await one();
  return removed;
};

test('long texts go from the disk as short ones go from the table, and so do the drafts of dead writers', async () => {
  const name = (letter: string): string => `artifacts/${letter.repeat(2)}/${letter.repeat(64)}`;
  for (const letter of '19') put(name(letter), 91);
  put(name('f'), 89);
  put(name('e'), 91);
  put(`${name('e')}.abc123`, 2);
  put(`${name('f')}.abc123`, 0);
  expect(await clean()).toBe(2);
  const left = (
    await Promise.all(['11', '99', 'ee', 'ff'].map((at) => readdirSync(join(home, 'artifacts', at))))
  ).flat();
  expect(left.map((one) => one.replace(/^(.)\1{63}/, '$1')).sort()).toEqual(['1', '9', 'f', 'f.abc123']);
});

test('a removed project leaves mirror, trees and layers at once, and its results after the time of retention', async () => {
  const live = await seedProject(database);
  const gone = await seedProject(database, { archived_at: daysAgo(1) });
  const long = await seedProject(database, { archived_at: daysAgo(91) });
  for (const id of [live, gone, long]) {
    for (const at of [`mirrors/${id}.git/HEAD`, `forge/${id}.git/HEAD`, `layers/${id}/l`, `trees/pool/${id}/t/x`])
      put(at, 0);
  }
  mkdirSync(join(home, 'mirrors/not-a-project.git'));
  await clean();
  expect(readdirSync(join(home, 'mirrors')).sort()).toEqual([`${live}.git`, 'not-a-project.git'].sort());
  expect(readdirSync(join(home, 'forge')).sort()).toEqual([`${live}.git`, `${gone}.git`].sort());
  expect(readdirSync(join(home, 'layers'))).toEqual([live]);
  expect(readdirSync(join(home, `trees/pool/${live}`))).toEqual(['t']);
  expect(readdirSync(join(home, `trees/pool/${gone}`))).toEqual([]);
  expect(await clean()).toBe(0);
});

test('tasks without an epic lose their events when they ended long ago', async () => {
  const taskId = await seedTask(database, projectId, { state: 'FAILED', updated_at: daysAgo(91) });
  const open = await seedTask(database, projectId, { state: 'BLOCKED', updated_at: daysAgo(91) });
  for (const id of [taskId, open]) {
    await run(`INSERT INTO event (stream_id, seq, type, task_id) VALUES ($1::text, 1, 'task.state', $1::uuid)`, [id]);
  }
  await sweep();
  const left = await rowsOf<{ id: string }>(database, 'SELECT task_id AS id FROM event WHERE task_id IS NOT NULL');
  expect(left.map(({ id }) => id)).toEqual([open]);
});
