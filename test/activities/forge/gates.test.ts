import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { GitHubAccess } from '../../../infra/forge/github/access.js';
import { GateWorld } from '../../support/gates/gate-world.js';
import { ANSWERS } from '../../support/github/faults/faults.js';
import { SHOP } from '../../support/github/project-world.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

let database: TestDatabase;
let world: GateWorld;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await GateWorld.open(database);
});
afterEach(() => world.close());

const run = () => world.runs[0];

test('a gate is shown while it runs, and every round of a task has its own verdict, once', async () => {
  await world.look();
  expect(world.shown()).toEqual([[world.headSha, 'in_progress', 'Running']]);
  const first = world.headSha;
  await world.verified('red', { failed: ['adds @rita'] });
  world.github.faults.add({ method: 'PATCH', path: /\/check-runs\/\d+$/, act: { kind: 'apply-then-cut' } });
  await world.look();
  await world.look();
  expect(run()?.summary).toContain('  - adds &#64;\u200brita');
  await world.push('two');
  await world.look();
  await world.verified('passed');
  await world.setState('REVIEW');
  await world.look();
  await world.look();
  expect(world.shown()).toEqual([
    [first, 'failure', 'Failed: test'],
    [world.headSha, 'success', '1 passed'],
  ]);
});

test('a list that is late makes no second run, whether its creation was answered or not', async () => {
  world.github.timing.listLagMs = 3_600_000;
  await world.look();
  await world.verified('red');
  await world.look();
  expect(world.shown()).toEqual([[world.headSha, 'failure', 'Failed: test']]);
  await world.push('two');
  world.github.faults.add({ method: 'POST', path: /\/check-runs$/, act: { kind: 'apply-then-cut' } });
  await world.look();
  await world.look();
  expect(world.github.state.checkRuns).toHaveLength(2);
  world.github.timing.listLagMs = 0;
  await world.sql(`UPDATE forge_shown SET lost_at = lost_at - interval '1 minute'`);
  await world.verified('passed');
  await world.look();
  expect(world.shown().slice(1)).toEqual([[world.headSha, 'success', '1 passed']]);
});

test('a red round that nobody saw running is shown all the same', async () => {
  await world.verified('red');
  const first = world.headSha;
  await world.push('two');
  await world.look();
  expect([...world.shown()].sort()).toEqual(
    [
      [first, 'failure', 'Failed: test'],
      [world.headSha, 'in_progress', 'Running'],
    ].sort(),
  );
});

test('a head without a verdict is let go when a newer one comes, or the work ends', async () => {
  await world.look();
  const first = world.headSha;
  await world.push('two');
  await world.look();
  await world.setState('CANCELLED');
  await world.look();
  await world.look();
  expect(world.shown()).toEqual([
    [first, 'cancelled', 'No verdict'],
    [world.headSha, 'cancelled', 'No verdict'],
  ]);
  expect(world.writes()).toBe(4);
});

test('a base that is red itself, and checks that could not be run, are no verdict', async () => {
  await world.verified('controlRed');
  await world.look();
  expect(world.shown()).toEqual([[world.headSha, 'queued', 'Waits: the target branch fails its own checks']]);
  await world.verified('infra');
  await world.look();
  expect(world.shown()).toEqual([[world.headSha, 'queued', 'Could not be checked yet']]);
  await world.verified('passed');
  await world.look();
  expect(world.shown()).toEqual([[world.headSha, 'success', '1 passed']]);
});

test('a red gate shows the end of its log, without secrets, and annotates the lines that it names', async () => {
  const secret = `ghp_${'a'.repeat(36)}`;
  const log = `$ npm test\n${'x'.repeat(9_000)}\n\`\`\` token=${secret}\nsrc/a.js:1:5: error: no ${secret}\nlib/none.js:1:1: error: x`;
  await world.verified('red', { log, failed: ['adds'] });
  await world.look();
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
  await world.verified('red', { log: 'src/a.js:1:1: error: one\nsrc/b.js:1:1: error: two', tree });
  await world.look();
  expect(run()?.annotations.map(({ path }) => path)).toEqual(['src/b.js']);
});

test('many annotations are sent in several requests, and none twice when an answer is lost', async () => {
  const log = Array.from({ length: 130 }, (_, n) => `src/a.js:${n + 1}:1: error: ${n}`).join('\n');
  await world.verified('red', { log });
  world.github.faults.add({ method: 'PATCH', path: /\/check-runs\/\d+$/, act: { kind: 'apply-then-cut' } });
  await world.look();
  expect(run()?.annotations).toHaveLength(100);
  await world.look();
  expect(run()?.annotations.map(({ start_line }) => start_line)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
  expect(world.github.state.checkRuns).toHaveLength(1);
});

test('an entry is queued, then under way, then decided: three writes, however often one looks and however it waits', async () => {
  await world.setState('REVIEW');
  await world.enqueue();
  await world.look();
  await world.look();
  expect(world.shown()).toEqual([[world.headSha, 'queued', 'In the queue of main']]);
  await world.sql(
    `INSERT INTO queue_build (id, project_id, branch, head, members, "on", status, workflow_id, started_at)
     SELECT 'p/' || id, project_id, branch, 1, ARRAY[id], '{}', 'building', 'w', enqueued_at FROM queue_entry
     WHERE project_id = $1`,
    world.site.projectId,
  );
  for (const state of ['active', 'rebasing', 'queued', 'active']) {
    await world.entries('state = $2', state);
    await world.look();
  }
  expect(world.shown()).toEqual([[world.headSha, 'in_progress', 'In the queue of main']]);
  await world.entries(`state = 'landed', landed_sha = $2, decided_at = now()`, 'c'.repeat(40));
  await world.look();
  await world.look();
  expect(world.shown()).toEqual([[world.headSha, 'success', 'Landed']]);
  expect(world.writes()).toBe(3);
});

test('an entry that failed says which it was, its failed tests and their log', async () => {
  await world.setState('REVIEW');
  await world.enqueue();
  await world.eject();
  await world.look();
  expect(run()).toMatchObject({ conclusion: 'failure', title: 'Not landed: CHECKS_FAILED' });
  expect(run()?.summary).toBe(
    '#1 “Add &#64;\u200ball” makes them fail: main without it passes.\n\n' +
      '- **test** failed on tree `dddddddddddd`\n  - adds\n\n' +
      'Fix what the failed checks show, push, and enqueue the pull request again.',
  );
  expect(run()?.annotations).toMatchObject([{ path: 'src/a.js', start_line: 2, message: 'error: no' }]);
});

test('another attempt of a head that was red is a run of its own, without the annotations of the first, once', async () => {
  await world.setState('REVIEW');
  await world.enqueue();
  await world.eject();
  await world.look();
  await world.enqueue(2);
  world.github.timing.listLagMs = 3_600_000;
  world.github.faults.add({ method: 'POST', path: /\/check-runs$/, act: { kind: 'apply-then-cut' } });
  await world.look();
  await world.look();
  world.github.timing.listLagMs = 0;
  await world.sql(`UPDATE forge_shown SET lost_at = lost_at - interval '1 minute'`);
  await world.look();
  await world.entries(`state = 'landed', landed_sha = $2, decided_at = now()`, 'c'.repeat(40));
  await world.look();
  expect(world.runs.map(({ title, annotations }) => [title, annotations.length])).toEqual([
    ['Not landed: CHECKS_FAILED', 1],
    ['Landed', 0],
  ]);
});

test('a creation that was refused is tried again by the next look: nothing was made', async () => {
  world.github.faults.add({ method: 'POST', path: /\/check-runs$/, act: ANSWERS.forbidden });
  await world.look();
  expect(world.shown()).toEqual([]);
  await world.look();
  expect(world.shown()).toEqual([[world.headSha, 'in_progress', 'Running']]);
});

test('with a person’s token commit statuses say it', async () => {
  const { token } = world.github.admin.user('rita', { [SHOP]: 'write' });
  const { url, apiUrl } = world.github;
  const access = new GitHubAccess({ webUrl: url, apiUrl, identity: { kind: 'token', token } }, database.pools);
  await world.look(access);
  await world.verified('red', { failed: ['adds'] });
  await world.look(access);
  await world.look(access);
  expect(world.github.state.statuses.map(({ context, state, description }) => [context, state, description])).toEqual([
    ['millwright / checks', 'pending', 'Running'],
    ['millwright / checks', 'failure', 'Failed: test'],
  ]);
  expect(world.shown()).toEqual([]);
  // Statuses are never edited: one that says so already is left, whatever our own rows have lost.
  await world.sql('DELETE FROM forge_shown');
  await world.look(access);
  expect(world.github.state.statuses).toHaveLength(2);
});
