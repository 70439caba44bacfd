import { afterEach, expect, test } from '@jest/globals';
import { type LinearIssueWorld, linearIssueWorld } from '../../support/issues/linear-world.js';

let world: LinearIssueWorld;

afterEach(async () => {
  await world.close();
});

const problem = async () => (await world.rows('SELECT linear_problem AS problem FROM project'))[0]?.problem;

test('a key that is revoked is told of, keeps nothing from its work, and is forgotten once it works', async () => {
  world = await linearIssueWorld();
  const [[secret = '', id = ''] = []] = [...world.linear.world.keys];
  world.linear.world.keys.delete(secret);
  expect(await world.reconcile()).toEqual({ kind: 'idle' });
  expect(await problem()).toBe(
    'Linear answered 401: Authentication required, not authenticated (the token was revoked, or its day is over: see docs/linear.md)',
  );
  world.linear.world.keys.set(secret, id);
  await world.reconcile();
  expect(await problem()).toBeNull();
});

test('a limit and an outage are waited out by the engine, and lose nothing', async () => {
  world = await linearIssueWorld();
  world.linear.people.openIssue({ by: 'rita', labels: ['millwright'] });
  world.linear.faults.push({ operation: 'IssuesSince', act: 'proxy-page', times: 1 });
  await expect(world.reconcile()).rejects.toMatchObject({ type: 'Unavailable' });
  world.linear.faults.push({ operation: 'IssuesSince', act: 'internal-error', times: 1 });
  await expect(world.reconcile()).rejects.toMatchObject({ type: 'Unavailable' });
  world.linear.faults.push({ operation: 'IssuesSince', act: 'rate-limit', times: 1 });
  await expect(world.reconcile()).rejects.toMatchObject({ type: 'RateLimited', retryAfterMs: expect.any(Number) });
  // Nobody asks while the limit pauses everybody.
  const asked = world.linear.requests.length;
  await expect(world.reconcile()).rejects.toMatchObject({ type: 'RateLimited' });
  expect(world.linear.requests.length).toBe(asked);
  await world.rows('DELETE FROM forge_limit');
  await world.reconcile();
  expect(await world.epics()).toHaveLength(1);
});

test('what is left of an hour is kept for what a workflow waits for: reports wait first', async () => {
  world = await linearIssueWorld();
  world.linear.quota = { limit: 1_000, remaining: 140 };
  world.linear.people.openIssue({ by: 'rita', labels: ['millwright'] });
  await world.reconcile();
  expect(await world.epics()).toHaveLength(1);
  expect(world.ours()).toEqual([]);
});

test('with a member’s own key that member may command, and what they close cancels', async () => {
  world = await linearIssueWorld({ identity: 'key' });
  const issue = world.linear.people.openIssue({ by: 'rita', labels: ['millwright'] });
  await world.reconcile();
  world.linear.people.comment(issue, '/millwright pause', 'rita');
  await world.reconcile();
  world.linear.people.move(issue, 'canceled', 'rita');
  await world.reconcile();
  expect(world.controls.sent).toMatchObject([{ name: 'pause' }, { name: 'cancel' }]);
});

test('many issues at once are read in few requests', async () => {
  world = await linearIssueWorld();
  for (let i = 0; i < 60; i++) world.linear.people.openIssue({ by: 'rita', title: `Issue ${i}` });
  await world.reconcile();
  const before = world.linear.requests.length;
  await world.reconcile();
  expect(world.linear.requests.length - before).toBeLessThanOrEqual(3);
});
