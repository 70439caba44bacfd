import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { GateWorld } from '../../support/gates/gate-world.js';
import { SHOP } from '../../support/github/project-world.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertEpic } from '../../support/rows.js';

let database: TestDatabase;
let world: GateWorld;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await GateWorld.open(database);
  world.github.admin.user('rita', { [SHOP]: 'write' });
  world.github.admin.user('tim', { [SHOP]: 'triage' });
});
afterEach(async () => {
  await world.sql('DELETE FROM webhook_delivery');
  await world.close();
});

/** As GitHub tells it, and the factory looks at it. */
async function asksAgain(by: string, event = 'check_run', id = world.runs.at(-1)?.id ?? 0): Promise<unknown> {
  const of = event === 'check_run' ? { id, head_sha: world.headSha } : { head_sha: world.headSha };
  const repository = { id: 1, full_name: SHOP };
  await world.deliver(event, { action: 'rerequested', repository, sender: { login: by }, [event]: of });
  await world.applyHints();
  const rows = await world.sql('SELECT outcome FROM webhook_delivery ORDER BY handled_at DESC LIMIT 1');
  return rows[0]?.outcome;
}
const voided = (id: string) => world.sql('SELECT void_reason FROM evidence WHERE id = $1', id);
/** As the task notes it when it takes up the request. */
const taken = async () => {
  await world.setState('IN_PROGRESS');
  await world.verified('asked again');
};

test('a red head is checked once more when somebody asks, and what was known of its tree does not answer', async () => {
  const red = await world.verified('red', { log: 'src/a.js:1:1: error: one' });
  await world.setState('BLOCKED');
  await world.look();
  expect(await asksAgain('rita')).toBe('again');
  expect(world.controls.sent).toEqual([
    {
      workflowId: `task/${world.taskId}`,
      name: 'recheck',
      command: { by: 'github:rita', reason: 'Re-run of millwright / checks', headSha: world.headSha },
    },
  ]);
  // What was known of this tree would answer before anything runs.
  expect(await voided(red)).toEqual([{ void_reason: 'asked for again' }]);
  await taken();
  await world.look();
  await world.verified('passed');
  await world.look();
  expect(world.runs.map(({ title, annotations }) => [title, annotations.length])).toEqual([
    ['Failed: test', 1],
    ['1 passed', 0],
  ]);
});

test('somebody who asks for all checks of a commit asks for ours', async () => {
  await world.verified('red');
  await world.setState('BLOCKED');
  await world.look();
  expect(await asksAgain('rita', 'check_suite')).toBe('again');
  expect(world.controls.sent).toMatchObject([{ name: 'recheck' }]);
});

test('a request that is told twice, or late, is one', async () => {
  await world.verified('red');
  await world.setState('BLOCKED');
  await world.look();
  const first = world.runs[0]?.id;
  world.controls.losesAnswer = true;
  await expect(asksAgain('rita')).rejects.toMatchObject({ type: 'Unavailable' });
  await world.applyHints();
  await asksAgain('rita', 'check_run', first);
  await taken();
  await world.look();
  expect(await asksAgain('rita', 'check_run', first)).toBe('known');
  expect(world.controls.sent).toHaveLength(1);
});

test('what the task refuses is answered in a run of its own, which says what the one before said', async () => {
  await world.verified('red', { failed: ['adds'] });
  await world.look();
  world.controls.refuse('recheck', 'Its agent is at work on it.');
  expect(await asksAgain('rita')).toBe('answered');
  expect(world.shown()).toEqual([
    [world.headSha, 'failure', 'Failed: test'],
    [world.headSha, 'failure', 'Failed: test'],
  ]);
  expect(world.runs[1]?.summary).toMatch(
    / {2}- adds\n\n\*\*rita\*\* asked for it again: Its agent is at work on it\.$/,
  );
  await world.look();
  expect(world.runs).toHaveLength(2);
});

test('nothing is run for what is green, which is said', async () => {
  await world.verified('passed');
  await world.look();
  expect(await asksAgain('rita')).toBe('answered');
  expect(world.controls.sent).toEqual([]);
  expect(world.shown().map(([, verdict]) => verdict)).toEqual(['success', 'success']);
  expect(world.runs[1]?.summary).toMatch(/\*\*rita\*\* asked for it again: it is not red, so nothing is run\.$/);
});

test('nothing happens for who may not push, for a run of another App, or while it runs', async () => {
  await world.look();
  expect(await asksAgain('rita')).toBe('known');
  await world.verified('red');
  await world.setState('BLOCKED');
  await world.look();
  expect(await asksAgain('tim')).toBe('outsider');
  expect(await asksAgain('rita', 'check_run', 999_999)).toBe('known');
  expect([world.controls.sent, world.runs.length]).toEqual([[], 1]);
});

test('an answer that could not be shown is shown later, once', async () => {
  await world.verified('passed');
  await world.look();
  world.github.faults.add({ method: 'POST', path: /\/check-runs$/, act: { kind: 'apply-then-cut' } });
  await expect(asksAgain('rita')).rejects.toMatchObject({ type: 'Unavailable' });
  await expect(world.applyHints()).rejects.toMatchObject({ type: 'Unavailable' });
  await world.sql(`UPDATE forge_shown SET lost_at = lost_at - interval '1 minute'`);
  await world.applyHints();
  expect(world.shown()).toHaveLength(2);
});

test('an entry of a task that did not land has the task checked again; one of an epic is landed again', async () => {
  const epicId = await insertEpic(database.pools.writes, world.site.projectId);
  await world.setState('BLOCKED');
  await world.enqueue();
  await world.eject();
  // Longer ago than what is news.
  await world.sql(`UPDATE queue_entry SET decided_at = now() - interval '11 hours'`);
  await world.look();
  await world.sql(
    `INSERT INTO pull_request (project_id, number, task_id, head_ref, head_sha, base_ref, base_sha, title, body, marker, author, state)
     VALUES ($1, 1, $2, 'millwright/a', $3, 'main', $3, 'T', '', 'm', 'x', 'open')`,
    world.site.projectId,
    world.taskId,
    world.headSha,
  );
  await world.sql(`UPDATE queue_entry SET decided_at = now() - interval '2 days'`);
  expect(await asksAgain('rita')).toBe('again');
  expect(world.runs.at(-1)?.summary).toMatch(/asked for it again: the checks of the task run once more; it is queued/);
  await world.sql(
    'UPDATE pull_request SET task_id = NULL, epic_id = $2 WHERE project_id = $1',
    world.site.projectId,
    epicId,
  );
  expect(await asksAgain('rita')).toBe('again');
  expect(world.controls.sent.map(({ workflowId, name }) => [workflowId.split('/')[0], name])).toEqual([
    ['task', 'recheck'],
    ['epic', 'land'],
  ]);
});
