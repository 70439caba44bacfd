import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type LinearIssueWorld, linearIssueWorld } from '../../support/issues/linear-world.js';
import type { IssueRecord } from '../../support/linear/records.js';

let world: LinearIssueWorld;
let issue: IssueRecord;

beforeEach(async () => {
  world = await linearIssueWorld();
  issue = world.linear.people.openIssue({ by: 'rita', labels: ['millwright'] });
  await world.reconcile();
});
afterEach(async () => {
  await world.close();
});

const say = (body: string, by = 'rita') => world.linear.people.comment(issue, body, by);
const outcomes = () => world.rows('SELECT author, said, outcome FROM forge_command ORDER BY commented_at');
const answers = () => world.ours().find((body) => body.startsWith('### Millwright: answers'));
const reactionsTo = (id: string) => world.linear.world.comments.get(id)?.reactions.map(({ emoji }) => emoji);
const hintAt = (id: string) => world.hint({ kind: 'tracked_comment', tracker: 'linear', id });

test('a command is carried out once and answered by a reaction and one comment', async () => {
  const comment = say('/millwright pause');
  await hintAt(comment.id);
  await world.applyHints();
  await world.reconcile();
  await world.reconcile();
  expect(world.controls.sent).toMatchObject([{ name: 'pause', command: { by: 'linear:rita' } }]);
  expect(reactionsTo(comment.id)).toEqual(['+1']);
  expect(answers()).toBe('### Millwright: answers\n\n- **rita**, `/millwright pause`: The epic is paused.');
  const resumed = say('/millwright resume');
  await world.reconcile();
  expect(reactionsTo(resumed.id)).toEqual(['+1']);
  expect(answers()).toContain('`/millwright resume`: The epic goes on.');
  expect(world.ours()).toHaveLength(2);
});

test('a command that no webhook told of is found by the look of each minute', async () => {
  say('/millwright cancel enough');
  await world.reconcile();
  expect(world.controls.sent).toMatchObject([{ name: 'cancel', command: { by: 'linear:rita', reason: 'enough' } }]);
});

test.each(['gus', 'otto', 'bot:Slack', 'bot:Slack as rita', 'external:someone'])('%s may not command', async (who) => {
  const comment = say('/millwright cancel', who);
  await world.reconcile();
  expect(world.controls.sent).toEqual([]);
  expect(reactionsTo(comment.id)).toEqual([]);
  expect(answers()).toBeUndefined();
  expect(await outcomes()).toMatchObject([{ said: 'cancel', outcome: 'outsider' }]);
});

test('whoever was suspended since may not command any more', async () => {
  say('/millwright cancel');
  world.linear.world.user('rita').active = false;
  await world.reconcile();
  expect(await outcomes()).toMatchObject([{ outcome: 'outsider' }]);
});

test('a command that does not exist is said so', async () => {
  const comment = say('/millwright dance');
  await world.reconcile();
  expect(reactionsTo(comment.id)).toEqual(['confused']);
  expect(answers()).toContain('dance` is no command');
});

test('an issue without the label becomes an epic by a comment', async () => {
  const other = world.linear.people.openIssue({ by: 'rita', title: 'Sell hats' });
  world.linear.people.comment(other, '/millwright plan', 'rita');
  await world.reconcile();
  expect(await world.epics()).toMatchObject([{ title: 'Sell socks' }, { title: 'Sell hats' }]);
});

test('a comment whose making was not answered is not made twice', async () => {
  world.linear.faults.push({ operation: 'CreateComment', act: 'apply-then-cut', times: 1 });
  say('/millwright pause');
  await world.reconcile();
  // Its id tells that it is there: no list has to be waited for.
  await world.rows(`UPDATE forge_own_comment SET lost_at = lost_at - interval '1 hour', claimed_at = NULL`);
  await world.reconcile();
  expect(world.ours().filter((body) => body.startsWith('### Millwright: answers'))).toHaveLength(1);
  expect(await world.rows(`SELECT count(*)::int AS open FROM forge_own_comment WHERE lost_at IS NOT NULL`)).toEqual([
    { open: 0 },
  ]);
});

test('a comment of ours that somebody deleted is written anew', async () => {
  const [progress] = [...world.linear.world.comments.values()];
  if (progress === undefined) throw new Error('there is no progress');
  world.linear.people.deleteComment(progress);
  await world.rows(`UPDATE forge_own_comment SET text_hash = 'another', written_at = NULL`);
  await world.reconcile();
  await world.rows(`UPDATE forge_own_comment SET lost_at = NULL, claimed_at = NULL`);
  await world.reconcile();
  expect(world.ours()).toEqual([expect.stringContaining('### Millwright: this issue is being planned')]);
});

test('two workers at once write one comment', async () => {
  const said = { key: issue.id, marker: 'millwright:twice', text: 'once' };
  const ids = await Promise.all([
    world.tracker.createComment(world.projectId, said),
    world.tracker.createComment(world.projectId, said),
  ]);
  expect(new Set(ids).size).toBe(1);
  expect(world.ours().filter((body) => body === 'once')).toHaveLength(1);
});
