import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ANSWERS } from '../../support/github/faults/faults.js';
import { type IssueWorld, issueWorld } from '../../support/issues/issue-world.js';
import { insertTask } from '../../support/rows.js';

let world: IssueWorld;
beforeEach(async () => {
  world = await issueWorld();
});
afterEach(() => world.close());

const ourComments = () => world.github.state.comments.filter(({ login }) => login === 'millwright[bot]');
const creations = () => world.github.requests.filter(({ operation }) => /POST .*\/comments$/.test(operation ?? ''));
const epicIs = (columns: string) => world.rows(`UPDATE epic SET ${columns}`);
/** As if the last edit were a while ago. */
const later = () => world.rows(`UPDATE forge_own_comment SET written_at = written_at - interval '1 minute'`);

test('one comment shows how it stands, and is written again only when that changed', async () => {
  const { number } = await world.openIssue();
  await world.reconcile();
  const [{ id: epicId }] = (await world.rows('SELECT id FROM epic')) as [{ id: string }];
  expect(world.ours().progress).toMatchInlineSnapshot(`
"### Millwright: this issue is being planned

Cost: $0.00 of $5.00. Asked for by rita."
`);
  await later();
  const before = world.github.requests.length;
  await world.applyHints();
  expect(world.github.requests.length).toBe(before);
  await insertTask(world.database.pools.writes, world.projectId, { epicId, state: 'REVIEW' });
  await world.rows(`UPDATE task SET title = 'Wash <img src=x> @all', pr_number = 12`);
  await epicIs(`state = 'IN_PROGRESS', phase = 'awaiting_merge', waiting_for = 'a person who lands it'`);
  await world.applyHints();
  await world.applyHints();
  expect(world.ours().progress).toMatchInlineSnapshot(`
"### Millwright: this issue is ready to land

It waits for: a person who lands it

\`/millwright land\` lands it.

- [ ] Wash &lt;img src&#61;x&gt; &#64;​all: is checked and queued (#12)

Cost: $0.00 of $5.00. Asked for by rita."
`);
  expect(ourComments()).toHaveLength(1);
  expect(ourComments()[0]?.issueNumber).toBe(number);
});

test('what landed is said and the issue closed when it is done', async () => {
  const { number } = await world.openIssue();
  await world.reconcile();
  const [{ id: epicId }] = (await world.rows('SELECT id FROM epic')) as [{ id: string }];
  await world.rows(
    `INSERT INTO pull_request (project_id, number, epic_id, title, body, author, head_ref, head_sha, base_ref, base_sha, state,
       merge_commit_sha, marker)
     VALUES ($1, 12, $2, 'T', '', 'millwright[bot]', 'h', 'a', 'main', 'b', 'merged', 'c0ffee', 'm')`,
    world.projectId,
    epicId,
  );
  await epicIs(`state = 'COMPLETED'`);
  await world.applyHints();
  expect(world.ours().progress).toContain('is done\n\nLanded:\n- #12 as c0ffee');
  expect(world.github.state.issues.find((one) => one.number === number)).toMatchObject({
    state: 'closed',
    stateReason: 'completed',
  });
  expect(await world.reconcile()).toEqual({ kind: 'idle' });
  expect(world.controls.sent).toEqual([]);
});

test('a cancelled one stays open and says by whom and why', async () => {
  const { number } = await world.openIssue();
  await world.reconcile();
  await world.rows(
    `INSERT INTO decision (id, kind, title, decision, reasoning, by, project_id, epic_id)
     SELECT gen_random_uuid(), 'human', 'cancelled', 'cancelled', 'too dear', 'ada', project_id, id FROM epic`,
  );
  await epicIs(`state = 'CANCELLED'`);
  await world.applyHints();
  expect(world.ours().progress).toContain('was cancelled\n\nCancelled by ada: too dear. The issue stays as it is.');
  expect(world.github.state.issues.find((one) => one.number === number)).toMatchObject({ state: 'open' });
});

test('a lost answer makes no second comment, and a list that lags does not either', async () => {
  world.github.timing.listLagMs = 1_000;
  world.github.faults.add({ method: 'POST', path: /\/comments$/, act: { kind: 'apply-then-cut' } });
  await world.openIssue();
  world.github.clock.advance(1_500);
  await world.reconcile();
  expect(ourComments()).toHaveLength(1);
  await world.applyHints();
  world.github.clock.advance(1_500);
  await world.applyHints();
  await world.reconcile();
  expect(ourComments()).toHaveLength(1);
  expect(creations()).toHaveLength(1);
});

test('a limit of the forge keeps the comment for later and holds up nothing else', async () => {
  world.github.faults.add({ method: 'POST', path: /\/comments$/, act: ANSWERS.secondaryLimit(403, 1) });
  await world.openIssue();
  expect(await world.reconcile()).toEqual({ kind: 'open' });
  expect(await world.epics()).toHaveLength(1);
  expect(ourComments()).toEqual([]);
  await world.rows('DELETE FROM forge_limit');
  // It was refused, so nothing has to be waited for.
  await world.reconcile();
  expect(ourComments()).toHaveLength(1);
});

test('the marker in a comment of somebody else is not ours', async () => {
  const { number } = await world.openIssue();
  world.comment(number, 'Fake\n\n<!-- millwright:progress -->', 'stranger');
  await world.reconcile();
  expect(ourComments()).toHaveLength(1);
});
