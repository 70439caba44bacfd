import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createForgeWatchActivities } from '../../activities/forge/watch/watch.activities.js';
import type { Hint } from '../../domain/forge/hint.js';
import { redeliverFailed } from '../../infra/forge/github/failed-deliveries.js';
import type { ForgeLook } from '../../workflows/contract/activities/forge-watch.js';
import { rowsOf } from '../support/api/seed.js';
import { ANSWERS } from '../support/github/faults/faults.js';
import { type GitHubProjectWorld, githubProjectWorld, SHOP } from '../support/github/project-world.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertEpic, insertTask } from '../support/rows.js';

let database: TestDatabase;
let world: GitHubProjectWorld;
let activities: ReturnType<typeof createForgeWatchActivities>;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await githubProjectWorld(database);
  const { forge, mirrors, access } = world;
  const { pools } = database;
  activities = createForgeWatchActivities({
    pools,
    forge,
    mirrors,
    redeliverFailed: (signal) => redeliverFailed(access, signal),
  });
  const tip = await world.github.people.tip(SHOP);
  await rowsOf(database, 'UPDATE project SET tip_sha = $2 WHERE id = $1', [world.projectId, tip]);
});
afterEach(async () => {
  await world.close();
  await rowsOf(database, 'DELETE FROM webhook_delivery');
  await rowsOf(database, 'DELETE FROM outbox');
});

const look = (name: 'applyHints' | 'reconcileForge'): Promise<ForgeLook> =>
  new MockActivityEnvironment().run(activities[name], { projectId: world.projectId });
const told = async (): Promise<readonly string[]> =>
  (await rowsOf(database, 'SELECT workflow_id, name FROM outbox ORDER BY created_at')).map(
    ({ workflow_id: id, name }) => `${String(id).replace(world.projectId, 'p')} ${name}`,
  );

let deliveries = 0;
async function delivered(subject: Hint['subject'], times = 1): Promise<void> {
  for (let nth = 0; nth < times; nth += 1) {
    deliveries += 1;
    await rowsOf(
      database,
      `INSERT INTO webhook_delivery (delivery_id, event, hint, project_id) VALUES ($1, 'pull_request', $2, $3)`,
      [`d${deliveries}`, JSON.stringify({ event: 'pull_request', subject }), world.projectId],
    );
  }
}
const outcomes = async () =>
  (
    await rowsOf(
      database,
      'SELECT outcome, attempts, handled_at IS NOT NULL AS handled FROM webhook_delivery ORDER BY delivery_id',
    )
  ).map(({ outcome, attempts, handled }) => `${outcome} ${attempts} ${handled}`);

async function openPull(): Promise<number> {
  const { people } = world.github;
  await people.push({ repository: SHOP, branch: 'millwright/a', files: { 'b.txt': 'two\n' } });
  const taskId = await insertTask(database.pools.writes, world.projectId);
  const marker = `millwright:task=${taskId}`;
  const shas = { headSha: (await people.tip(SHOP, 'millwright/a')) ?? '', baseSha: (await people.tip(SHOP)) ?? '' };
  const branches = { headRef: 'millwright/a', baseRef: 'main' };
  const text = { title: 'A', body: `Done\n\n<!-- ${marker} -->`, marker, author: 'Millwright' };
  const { projectId } = world;
  return (await world.forge.openPullRequest({ projectId, taskId, ...branches, ...shas, ...text })).number;
}

test('a base that somebody else moved is told to its queue and inspected anew', async () => {
  expect(await look('reconcileForge')).toEqual({ kind: 'idle' });
  expect(await told()).toEqual([]);
  await world.github.people.push({ repository: SHOP, branch: 'main', files: { 'c.txt': 'three\n' }, by: 'outsider' });
  await look('reconcileForge');
  expect(await told()).toEqual(['merge-queue/p/main forgeEvent', 'factory projectChanged']);
});

test('a base that our own queue moved is not inspected anew', async () => {
  await world.github.people.push({ repository: SHOP, branch: 'main', files: { 'c.txt': 'three\n' } });
  await rowsOf(
    database,
    `INSERT INTO queue_entry (id, project_id, branch, pr_number, owner, title, head_ref, head_sha, seq, state, enqueued_by, landed_sha)
     VALUES (gen_random_uuid(), $1, 'main', 1, 'task/x', 'A', 'millwright/a', 'h', 1, 'landed', 'test', $2)`,
    [world.projectId, await world.github.people.tip(SHOP)],
  );
  await look('reconcileForge');
  expect(await told()).toEqual(['merge-queue/p/main forgeEvent']);
});

test('a pull request that a person closed is seen without a delivery', async () => {
  const number = await openPull();
  await world.github.people.closePullRequest({ repository: SHOP, number });
  await look('reconcileForge');
  expect(await rowsOf(database, 'SELECT state FROM pull_request WHERE project_id = $1', [world.projectId])).toEqual([
    { state: 'closed' },
  ]);
});

test('a hundred deliveries of one pull request are one look', async () => {
  const number = await openPull();
  await delivered({ kind: 'pull_request', number }, 100);
  const before = world.github.requests.length;
  await look('applyHints');
  const path = `/repos/${SHOP}/pulls/${number}`;
  const reads = world.github.requests.slice(before).filter((request) => request.path.endsWith(path));
  expect(reads).toHaveLength(1);
  expect(new Set(await outcomes())).toEqual(new Set(['open 1 true']));
});

test('deliveries wait while the forge is away; what is gone for good holds nothing up', async () => {
  const number = await openPull();
  await delivered({ kind: 'pull_request', number: 77 });
  await delivered({ kind: 'pull_request', number });
  world.github.faults.add({ method: 'GET', path: /\/pulls\/1$/, act: ANSWERS.unavailable });
  await expect(look('applyHints')).rejects.toMatchObject({ type: 'Unavailable' });
  expect(await outcomes()).toEqual(['NotFound 1 true', 'Unavailable 1 false']);
  await look('applyHints');
  expect(await outcomes()).toEqual(['NotFound 1 true', 'open 2 true']);
});

test('what was delivered while nobody heard is asked for again, and not for ever', async () => {
  world.github.webhooks.configure({ url: 'http://127.0.0.1:9/webhooks/github', secret: 's' });
  await world.github.people.openIssue({ repository: SHOP, title: 'Do it' });
  await world.github.webhooks.settled();
  for (let round = 0; round < 8; round += 1) {
    await look('reconcileForge');
    await world.github.webhooks.settled();
  }
  const guids = world.github.webhooks.deliveries.map(({ guid }) => guid);
  expect(new Set(guids).size).toBe(1);
  expect(guids).toHaveLength(5);
});

test('an App without a webhook, or whose deliveries cannot be read, is reconciled all the same', async () => {
  const number = await openPull();
  const seen = async () =>
    await rowsOf(database, 'SELECT state FROM pull_request WHERE project_id = $1', [world.projectId]);
  world.github.faults.add({ path: /hook\/deliveries/, act: ANSWERS.notFound });
  await look('reconcileForge');
  expect(await seen()).toEqual([{ state: 'open' }]);
  await world.github.people.closePullRequest({ repository: SHOP, number });
  world.github.faults.add({ path: /hook\/deliveries/, act: ANSWERS.forbidden });
  await expect(look('reconcileForge')).rejects.toMatchObject({ type: 'PermissionDenied' });
  expect(await seen()).toEqual([{ state: 'closed' }]);
});

test('work that is open says so, and an archived project that it is gone', async () => {
  await insertEpic(database.pools.writes, world.projectId);
  expect(await look('applyHints')).toEqual({ kind: 'open' });
  await rowsOf(database, 'UPDATE project SET archived_at = now() WHERE id = $1', [world.projectId]);
  expect(await look('reconcileForge')).toEqual({ kind: 'gone' });
});

test('a repository that was renamed is found under its new name, and its deliveries are handled', async () => {
  await look('reconcileForge');
  await world.github.admin.rename(SHOP, 'store');
  await world.github.people.push({ repository: 'acme/store', branch: 'main', files: { 'c.txt': 'three\n' } });
  await delivered({ kind: 'branch', ref: 'refs/heads/main', before: '', after: '' });
  await expect(look('applyHints')).rejects.toMatchObject({ type: 'Unavailable', details: { reason: 'MOVED' } });
  await look('reconcileForge');
  expect(await outcomes()).toEqual(['moved 2 true']);
  expect(await rowsOf(database, 'SELECT forge_name FROM project WHERE id = $1', [world.projectId])).toEqual([
    { forge_name: 'acme/store' },
  ]);
});
