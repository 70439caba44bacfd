import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createForgeWatchActivities } from '../../../activities/forge/watch/watch.activities.js';
import { GitHubAccess } from '../../../infra/forge/github/access.js';
import { GitHubGateReports } from '../../../infra/forge/github/github-gate-reports.js';
import { type GitHubProjectWorld, githubProjectWorld, SHOP } from '../../support/github/project-world.js';
import { MemoryBlobs } from '../../support/memory-blobs.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertTask } from '../../support/rows.js';

let database: TestDatabase;
let world: GitHubProjectWorld;
let blobs: MemoryBlobs;
let headSha: string;
let taskId: string;
let verdicts: number;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await githubProjectWorld(database);
  blobs = new MemoryBlobs();
  verdicts = 0;
  taskId = await insertTask(database.pools.writes, world.projectId, { state: 'IN_PROGRESS' });
  headSha = await pushHead('one');
});
afterEach(() => world.close());

const sql = async (text: string, ...values: readonly unknown[]) =>
  (await database.pools.writes.query({ text, values })).rows;
const look = (access = world.access) => {
  const { forge, mirrors, projectId } = world;
  const { pools } = database;
  const gates = { reports: new GitHubGateReports({ pools, access }), logs: blobs };
  const { reconcileForge } = createForgeWatchActivities({ pools, forge, mirrors, gates });
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(reconcileForge, { projectId });
};
async function pushHead(text: string): Promise<string> {
  const files = { 'src/a.js': `${text}\n`, 'src/b.js': 'b\n' };
  const sha = await world.github.people.push({ repository: SHOP, branch: 'millwright/a', files });
  await sql('UPDATE task SET head_sha = $2, updated_at = now() WHERE id = $1', taskId, sha);
  return sha;
}
const setState = (state: string) => sql('UPDATE task SET state = $2 WHERE id = $1', taskId, state);
/** As the task stores it when a verification of the head ends. */
async function verified(
  outcome: string,
  { log, failed = [], tree }: { log?: string; failed?: readonly string[]; tree?: string } = {},
): Promise<void> {
  verdicts += 1;
  const id = randomUUID();
  const isRed = outcome === 'red';
  if (isRed || outcome === 'passed')
    await sql(
      `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, failed_tests, log_ref, build_id,
         duration_ms, expires_at)
       VALUES ($1, $2, gen_random_uuid()::text, 'test', $3, $4, $5, $6, 'task/x/1', 1234, now() + interval '1 day')`,
      id,
      world.projectId,
      tree ?? (await world.github.people.git(SHOP, 'rev-parse', `${headSha}^{tree}`)).trim(),
      isRed ? 'failed' : 'passed',
      failed,
      log === undefined ? null : await blobs.put(log),
    );
  await sql(
    `INSERT INTO event (stream_id, seq, type, project_id, task_id, data) VALUES ($1, $2, 'task.checks', $3, $4, $5)`,
    taskId,
    verdicts,
    world.projectId,
    taskId,
    JSON.stringify({ outcome, round: verdicts, checks: isRed ? 'test' : '', head: headSha, evidence: id }),
  );
}
const runs = () =>
  world.github.state.checkRuns.map(({ headSha: sha, status, conclusion, title }) => [sha, conclusion ?? status, title]);
const run = () => world.github.state.checkRuns[0];
const writes = () =>
  world.github.requests.filter(({ method, path }) => method !== 'GET' && path.includes('/check-runs')).length;

test('a gate is shown while it runs, and every round of a task has its own verdict, once', async () => {
  await look();
  expect(runs()).toEqual([[headSha, 'in_progress', 'Running']]);
  const first = headSha;
  await verified('red', { failed: ['adds @rita'] });
  world.github.faults.add({ method: 'PATCH', path: /\/check-runs\/\d+$/, act: { kind: 'apply-then-cut' } });
  await look();
  await look();
  expect(run()?.summary).toContain('  - adds &#64;\u200brita');
  headSha = await pushHead('two');
  await look();
  await verified('passed');
  await setState('REVIEW');
  await look();
  await look();
  expect(runs()).toEqual([
    [first, 'failure', 'Failed: test'],
    [headSha, 'success', '1 passed'],
  ]);
});

test('a list that is late makes no second run, whether its creation was answered or not', async () => {
  world.github.timing.listLagMs = 3_600_000;
  await look();
  await verified('red');
  await look();
  expect(runs()).toEqual([[headSha, 'failure', 'Failed: test']]);
  headSha = await pushHead('two');
  world.github.faults.add({ method: 'POST', path: /\/check-runs$/, act: { kind: 'apply-then-cut' } });
  await look();
  await look();
  expect(world.github.state.checkRuns).toHaveLength(2);
  world.github.timing.listLagMs = 0;
  await sql(`UPDATE forge_shown SET lost_at = lost_at - interval '1 minute'`);
  await verified('passed');
  await look();
  expect(runs().slice(1)).toEqual([[headSha, 'success', '1 passed']]);
});

test('a red round that nobody saw running is shown all the same', async () => {
  await verified('red');
  const first = headSha;
  headSha = await pushHead('two');
  await look();
  expect(runs().sort()).toEqual(
    [
      [first, 'failure', 'Failed: test'],
      [headSha, 'in_progress', 'Running'],
    ].sort(),
  );
});

test('a head without a verdict is let go when a newer one comes, or the work ends', async () => {
  await look();
  const first = headSha;
  headSha = await pushHead('two');
  await look();
  await setState('CANCELLED');
  await look();
  await look();
  expect(runs()).toEqual([
    [first, 'cancelled', 'No verdict'],
    [headSha, 'cancelled', 'No verdict'],
  ]);
  expect(writes()).toBe(4);
});

test('a base that is red itself, and checks that could not be run, are no verdict', async () => {
  await verified('controlRed');
  await look();
  expect(runs()).toEqual([[headSha, 'queued', 'Waits: the target branch fails its own checks']]);
  await verified('infra');
  await look();
  expect(runs()).toEqual([[headSha, 'queued', 'Could not be checked yet']]);
  await verified('passed');
  await look();
  expect(runs()).toEqual([[headSha, 'success', '1 passed']]);
});

test('a red gate shows the end of its log, without secrets, and annotates the lines that it names', async () => {
  const secret = `ghp_${'a'.repeat(36)}`;
  const log = `$ npm test\n${'x'.repeat(9_000)}\n\`\`\` token=${secret}\nsrc/a.js:1:5: error: no ${secret}\nlib/none.js:1:1: error: x`;
  await verified('red', { log, failed: ['adds'] });
  await look();
  expect(run()?.annotations).toEqual([
    {
      path: 'src/a.js',
      start_line: 1,
      end_line: 1,
      annotation_level: 'failure',
      title: 'test',
      message: 'error: no [redacted]',
    },
  ]);
  expect(run()?.text).toMatch(/^### test\n\n````text\n…\nx+\n``` token=\[redacted\]\n[\s\S]*\n````$/);
  expect(JSON.stringify(world.github.state.checkRuns)).not.toContain(secret);
});

test('lines of a file that reads otherwise in the head are not annotated', async () => {
  const other = await world.github.people.push({ repository: SHOP, branch: 'x', files: { 'src/b.js': 'b\n' } });
  const tree = (await world.github.people.git(SHOP, 'rev-parse', `${other}^{tree}`)).trim();
  await verified('red', { log: 'src/a.js:1:1: error: one\nsrc/b.js:1:1: error: two', tree });
  await look();
  expect(run()?.annotations.map(({ path }) => path)).toEqual(['src/b.js']);
});

test('many annotations are sent in several requests, and none twice when an answer is lost', async () => {
  const log = Array.from({ length: 130 }, (_, n) => `src/a.js:${n + 1}:1: error: ${n}`).join('\n');
  await verified('red', { log });
  world.github.faults.add({ method: 'PATCH', path: /\/check-runs\/\d+$/, act: { kind: 'apply-then-cut' } });
  await look();
  expect(run()?.annotations).toHaveLength(100);
  await look();
  expect(run()?.annotations.map(({ start_line }) => start_line)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
  expect(world.github.state.checkRuns).toHaveLength(1);
});

const enqueue = (seq = 1) =>
  sql(
    `INSERT INTO queue_entry (id, project_id, branch, pr_number, owner, title, head_ref, head_sha, seq, state, enqueued_by,
       enqueued_at)
     VALUES (gen_random_uuid(), $1, 'main', 1, 'task/x', 'Add @all', 'millwright/a', $2, $3::integer, 'queued', 'test',
       now() + $3::integer * interval '1 second')`,
    world.projectId,
    headSha,
    seq,
  );
const entries = (set: string, ...values: readonly unknown[]) =>
  sql(`UPDATE queue_entry SET ${set} WHERE project_id = $1 AND decided_at IS NULL`, world.projectId, ...values);

test('an entry is queued, then under way, then decided: three writes, however often one looks and however it waits', async () => {
  await setState('REVIEW');
  await enqueue();
  await look();
  await look();
  expect(runs()).toEqual([[headSha, 'queued', 'In the queue of main']]);
  await sql(
    `INSERT INTO queue_build (id, project_id, branch, head, members, "on", status, workflow_id, started_at)
     SELECT 'p/' || id, project_id, branch, 1, ARRAY[id], '{}', 'building', 'w', enqueued_at FROM queue_entry
     WHERE project_id = $1`,
    world.projectId,
  );
  for (const state of ['active', 'rebasing', 'queued', 'active']) {
    await entries('state = $2', state);
    await look();
  }
  expect(runs()).toEqual([[headSha, 'in_progress', 'In the queue of main']]);
  await entries(`state = 'landed', landed_sha = $2, decided_at = now()`, 'c'.repeat(40));
  await look();
  await look();
  expect(runs()).toEqual([[headSha, 'success', 'Landed']]);
  expect(writes()).toBe(3);
});

test('an entry that failed says which it was, its failed tests and their log; the next entry of the head is the same run', async () => {
  await setState('REVIEW');
  await enqueue();
  const logRef = await blobs.put('src/a.js:2:1: error: no');
  const detail = {
    evidence: [],
    failedChecks: [{ name: 'test', failedTests: ['adds'], logRef }],
    tree: 'd'.repeat(40),
  };
  await entries(`state = 'ejected', reason = 'CHECKS_FAILED', detail = $2, decided_at = now()`, JSON.stringify(detail));
  await look();
  expect(run()).toMatchObject({ conclusion: 'failure', title: 'Not landed: CHECKS_FAILED' });
  expect(run()?.summary).toBe(
    '#1 “Add &#64;\u200ball” makes them fail: main without it passes.\n\n' +
      '- **test** failed on tree `dddddddddddd`\n  - adds\n\n' +
      'Fix what the failed checks show, push, and enqueue the pull request again.',
  );
  expect(run()?.annotations).toMatchObject([{ path: 'src/a.js', start_line: 2, message: 'error: no' }]);
  await enqueue(2);
  await look();
  expect(runs()).toEqual([[headSha, 'queued', 'In the queue of main']]);
});

test('with a person’s token commit statuses say it', async () => {
  const { token } = world.github.admin.user('rita', { [SHOP]: 'write' });
  const { url, apiUrl } = world.github;
  const access = new GitHubAccess({ webUrl: url, apiUrl, identity: { kind: 'token', token } }, database.pools);
  await look(access);
  await verified('red', { failed: ['adds'] });
  await look(access);
  await look(access);
  expect(world.github.state.statuses.map(({ context, state, description }) => [context, state, description])).toEqual([
    ['millwright / checks', 'pending', 'Running'],
    ['millwright / checks', 'failure', 'Failed: test'],
  ]);
  expect(runs()).toEqual([]);
});
