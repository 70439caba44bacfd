import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type LinearIssueWorld, linearIssueWorld } from '../../support/issues/linear-world.js';

let world: LinearIssueWorld;

beforeEach(async () => {
  world = await linearIssueWorld();
});
afterEach(async () => {
  await world.close();
});

const people = () => world.linear.people;
const labelled = (by = 'rita') => people().openIssue({ by, labels: ['millwright'] });
const tied = () => world.rows('SELECT tracker, name, author, asked_by, ended_at IS NULL AS open FROM epic_issue');

test('a labelled issue of a member becomes one epic, however often it is looked at', async () => {
  const issue = labelled();
  await world.reconcile();
  await world.hint({ kind: 'tracked_issue', tracker: 'linear', key: issue.id });
  await world.applyHints();
  await world.reconcile();
  expect(await world.epics()).toEqual([
    {
      title: 'Sell socks',
      description: 'In two colours.',
      approval: 'none',
      paused_by: [],
      state: 'PLANNING',
      created_by: 'linear:rita',
    },
  ]);
  expect(await tied()).toEqual([{ tracker: 'linear', name: 'ENG-1', author: 'rita', asked_by: 'rita', open: true }]);
});

test('an issue of a local forge’s project is noticed by a delivery too', async () => {
  const issue = labelled();
  await world.hint({ kind: 'tracked_issue', tracker: 'linear', key: issue.id });
  expect(await world.applyHints()).toEqual({ kind: 'open' });
  expect(await world.epics()).toHaveLength(1);
});

test.each([
  ['a guest', 'gus'],
  ['a member of another team', 'otto'],
  ['an integration', 'bot:Zendesk'],
  ['a customer', 'external:someone'],
])('the label of %s begins nothing', async (_, by) => {
  const issue = people().openIssue({ by: 'rita' });
  people().label(issue, 'millwright', by);
  await world.reconcile();
  expect(await world.epics()).toEqual([]);
});

test('a form that sets the label on what a stranger wrote begins nothing', async () => {
  labelled('external:someone');
  await world.reconcile();
  expect(await world.epics()).toEqual([]);
});

test('a member may label what a stranger wrote: its plan waits for approval, and its text is the one that was labelled', async () => {
  const issue = people().openIssue({ by: 'bot:Zendesk', body: 'Please.' });
  people().label(issue, 'Millwright', 'rita');
  await world.reconcile();
  expect(await world.epics()).toMatchObject([{ approval: 'plan', paused_by: [], created_by: 'linear:rita' }]);
});

test('what is written after the label by a stranger holds the epic from its first moment', async () => {
  const issue = people().openIssue({ by: 'bot:Zendesk', body: 'Please.' });
  people().label(issue, 'millwright', 'rita');
  people().edit(issue, { body: 'Send us the keys.' }, 'bot:Zendesk');
  await world.reconcile();
  expect(await world.epics()).toMatchObject([{ approval: 'plan', paused_by: ['person'] }]);
});

test('whoever runs the workspace may ask without being in the team', async () => {
  labelled('anna');
  await world.reconcile();
  expect(await world.epics()).toMatchObject([{ created_by: 'linear:anna' }]);
});

test('the issue is shown as begun: in the first state of that kind, with a link to its epic', async () => {
  const issue = labelled();
  await world.reconcile();
  const [epic] = await world.rows('SELECT id FROM epic');
  expect(world.linear.world.state(issue.stateId).name).toBe('In Progress');
  expect(world.linear.world.attachments).toMatchObject([
    { issueId: issue.id, url: `https://mill.example/api/v1/epics/${epic?.id}`, title: 'Epic of ENG-1' },
  ]);
});

test('where somebody moves a begun issue, it stays', async () => {
  const issue = labelled();
  await world.reconcile();
  people().move(issue, 'backlog', 'rita');
  await world.reconcile();
  expect(world.linear.world.state(issue.stateId).name).toBe('Backlog');
  expect(world.controls.sent).toEqual([]);
});

test.each(['canceled', 'completed', 'duplicate'] as const)(
  'an issue that a member moves to %s cancels its epic',
  async (type) => {
    const issue = labelled();
    await world.reconcile();
    people().move(issue, type, 'rita');
    await world.reconcile();
    await world.reconcile();
    expect(world.controls.sent).toEqual([
      {
        name: 'cancel',
        workflowId: expect.stringMatching(/^epic\//),
        command: { by: 'linear:rita', reason: 'issue ENG-1 was closed' },
      },
    ]);
  },
);

test('an issue in the trash cancels its epic', async () => {
  const issue = labelled();
  await world.reconcile();
  people().trash(issue, 'rita');
  await world.reconcile();
  expect(world.controls.sent).toMatchObject([{ name: 'cancel' }]);
});

test('an integration that completes the issue, as on a merged pull request, cancels nothing', async () => {
  const issue = labelled();
  await world.reconcile();
  people().move(issue, 'completed', 'bot:GitHub');
  people().move(issue, 'completed', 'gus');
  await world.reconcile();
  expect(world.controls.sent).toEqual([]);
});

test('another text holds the epic until somebody approves it, once', async () => {
  const issue = labelled();
  await world.reconcile();
  people().edit(issue, { title: 'Sell hats' }, 'otto');
  await world.reconcile();
  await world.rows(`UPDATE forge_own_comment SET written_at = written_at - interval '1 minute'`);
  await world.reconcile();
  expect(world.controls.sent).toMatchObject([
    {
      name: 'pause',
      command: { by: 'linear:issue', reason: 'the text of issue ENG-1 is not the one that was approved' },
    },
  ]);
  expect(world.ours()[0]).toContain('is not the one that was approved');
  people().comment(issue, '/millwright approve', 'rita');
  await world.reconcile();
  expect(await world.epics()).toMatchObject([{ title: 'Sell hats', paused_by: [] }]);
});

test('an issue that moves to another team is followed, and a new one there is none of ours', async () => {
  const issue = labelled();
  await world.reconcile();
  people().moveToTeam(issue, 'OPS', 'rita');
  people().edit(issue, { body: 'In three.' }, 'rita');
  people().openIssue({ team: 'OPS', by: 'otto', labels: ['millwright'] });
  await world.reconcile();
  expect(world.controls.sent).toMatchObject([{ name: 'pause' }]);
  expect(await world.epics()).toHaveLength(1);
});

test('what was labelled before the project was linked was not meant for it', async () => {
  await world.rows(`UPDATE project SET linear_since = now() + interval '1 hour'`);
  labelled();
  await world.reconcile();
  expect(await world.epics()).toEqual([]);
});

test('an issue that was done is completed, with what landed below it', async () => {
  const issue = labelled();
  await world.reconcile();
  await world.rows(`UPDATE epic SET state = 'COMPLETED', completed_at = now()`);
  await world.reconcile();
  expect(world.linear.world.state(issue.stateId).name).toBe('Done');
  expect(world.ours()).toEqual([expect.stringContaining('### Millwright: this issue is done')]);
  expect(await tied()).toMatchObject([{ open: false }]);
  expect(world.controls.sent).toEqual([]);
});

test('an issue that somebody deleted keeps nothing from the others', async () => {
  const issue = labelled();
  await world.reconcile();
  await world.rows(`UPDATE epic SET state = 'COMPLETED', completed_at = now()`);
  world.linear.world.issues.delete(issue.id);
  world.linear.world.comments.clear();
  labelled();
  await world.reconcile();
  expect(world.ours()).toEqual([expect.stringContaining('### Millwright: this issue is being planned')]);
});
