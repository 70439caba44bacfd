import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { limitedClient } from '../../../infra/forge/linear/client.js';
import { LinearIssues } from '../../../infra/forge/linear/linear-issues.js';
import { LinearTeams } from '../../../infra/forge/linear/teams.js';
import { ANSWERS } from '../../support/github/faults/faults.js';
import { type IssueWorld, issueWorld, REPO } from '../../support/issues/issue-world.js';
import { type Linear, startLinear } from '../../support/linear/start.js';

let linear: Linear;
let world: IssueWorld;

// One project, whose code is at GitHub, with issues there and in Linear.
beforeEach(async () => {
  linear = await startLinear();
  linear.world.addUser('lina', { teams: ['ENG'] });
  const secret = linear.key(linear.world.addUser('millwright', { app: true }), 'lin_oauth_millwright');
  world = await issueWorld({}, [], (pools) => {
    const client = limitedClient({ apiUrl: linear.url, identity: { kind: 'token', secret } }, pools);
    return { linear: new LinearIssues(client, new LinearTeams(pools, client)) };
  });
  await world.rows(`UPDATE project SET linear_team_key = 'ENG', linear_since = now()`);
});
afterEach(async () => {
  await world.close();
  await linear.close();
});

const labelled = () => linear.people.openIssue({ by: 'lina', title: 'Sell hats', labels: ['millwright'] });
const tied = () => world.rows('SELECT tracker, name, asked_by FROM epic_issue ORDER BY tracker');
const titles = async () => (await world.epics()).map(({ title }) => title).toSorted();
const toldAtLinear = () => [...linear.world.comments.values()].map(({ body }) => body);

test('an issue of each becomes an epic of its own, and is told of where it is', async () => {
  await world.openIssue();
  const issue = labelled();
  await world.reconcile();
  expect(await tied()).toEqual([
    { tracker: 'github', name: '#1', asked_by: 'rita' },
    { tracker: 'linear', name: 'ENG-1', asked_by: 'lina' },
  ]);
  expect(world.ours()).toHaveProperty('progress');
  expect(toldAtLinear()).toHaveLength(1);
  expect(linear.world.state(issue.stateId).type).toBe('started');
  linear.people.comment(issue, '/millwright pause', 'lina');
  world.comment(1, '/millwright cancel');
  await world.reconcile();
  const sent = world.controls.sent.map(({ name }) => name).toSorted();
  expect(sent).toEqual(['cancel', 'pause']);
});

test('while Linear is away, what GitHub tells is done and shown', async () => {
  linear.faults.push({ operation: 'IssuesSince', act: 'proxy-page', times: 100 });
  linear.faults.push({ operation: 'IssuesById', act: 'proxy-page', times: 100 });
  const issue = labelled();
  await world.rows(
    `INSERT INTO webhook_delivery (delivery_id, event, hint, project_id, received_at)
     VALUES ('linear/1', 'Issue', $1, $2, now() - interval '1 minute')`,
    JSON.stringify({ event: 'Issue', subject: { kind: 'tracked_issue', tracker: 'linear', key: issue.id } }),
    world.projectId,
  );
  const { number } = await world.openIssue();
  await world.hint({ number });
  await expect(world.applyHints()).rejects.toMatchObject({ type: 'Unavailable' });
  expect(await titles()).toEqual(['Sell socks']);
  expect(world.ours()).toHaveProperty('progress');
  world.comment(number, '/millwright pause');
  await expect(world.reconcile()).rejects.toMatchObject({ type: 'Unavailable' });
  expect(world.controls.sent.map(({ name }) => name)).toEqual(['pause']);
  expect(world.ours()).toHaveProperty('answers');
  linear.faults.length = 0;
  await world.reconcile();
  expect(await titles()).toEqual(['Sell hats', 'Sell socks']);
});

test('while GitHub is away, what Linear tells is done and shown', async () => {
  await world.reconcile();
  const issue = labelled();
  world.github.faults.add({ act: ANSWERS.unavailable, times: 0 });
  await expect(world.reconcile()).rejects.toMatchObject({ type: 'Unavailable' });
  expect(await titles()).toEqual(['Sell hats']);
  expect(linear.world.state(issue.stateId).type).toBe('started');
  world.github.faults.clear();
});

test('an issue that is copied from one to the other, label and all, is one epic', async () => {
  // As Linear's own sync does: its integration copies what a person did.
  world.github.admin.user('linear-sync');
  const { number } = await world.openIssue({ by: 'linear-sync', title: 'Sell hats', labels: [] });
  await world.github.people.label({ repository: REPO, number, name: 'millwright', by: 'linear-sync' });
  labelled();
  await world.reconcile();
  expect(await tied()).toEqual([{ tracker: 'linear', name: 'ENG-1', asked_by: 'lina' }]);
  const copied = linear.people.openIssue({ by: 'bot:GitHub', title: 'Sell socks' });
  linear.people.label(copied, 'millwright', 'bot:GitHub');
  await world.openIssue();
  await world.reconcile();
  expect((await tied()).map(({ name }) => name)).toEqual(['#2', 'ENG-1']);
});
