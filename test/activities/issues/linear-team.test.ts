import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type LinearIssueWorld, linearIssueWorld } from '../../support/issues/linear-world.js';
import { insertProject } from '../../support/rows.js';

let world: LinearIssueWorld;

beforeEach(async () => {
  world = await linearIssueWorld();
});
afterEach(async () => {
  await world.close();
});

const labelled = (team = 'ENG') => world.linear.people.openIssue({ team, by: 'rita', labels: ['millwright'] });
const link = async () =>
  (
    await world.rows(
      `SELECT linear_team_key AS key, linear_team_id IS NOT NULL AS "isFound", linear_problem AS problem FROM project
       WHERE id = $1`,
      world.projectId,
    )
  )[0];

/** A second project that somebody has linked, and that is looked at. */
async function linkAnother(key: string): Promise<string> {
  const id = await insertProject(world.database.pools.writes);
  await world.rows(
    `UPDATE project SET linear_team_key = $2, linear_since = now(), config = (SELECT config FROM project WHERE id = $3)
     WHERE id = $1`,
    id,
    key,
    world.projectId,
  );
  return id;
}

test('a team is looked for as soon as a project is linked to it, whether it is there or not', async () => {
  await world.applyHints();
  expect(await link()).toEqual({ key: 'ENG', isFound: true, problem: null });
  await world.rows(`UPDATE project SET linear_team_key = 'NONE', linear_team_id = NULL`);
  await world.applyHints();
  const none = { key: 'NONE', isFound: false, problem: 'Linear shows us no team with the key NONE.' };
  expect(await link()).toEqual(none);
  // Once: a hint looks at what it names.
  const asked = world.linear.requests.length;
  await world.applyHints();
  expect(world.linear.requests.length).toBe(asked);
});

test('a team that is renamed is known by its id, and people read the key that it has now', async () => {
  await world.reconcile();
  world.linear.world.team('ENG').key = 'CORE';
  labelled('CORE');
  await world.reconcile();
  expect(await world.epics()).toHaveLength(1);
  expect(await link()).toEqual({ key: 'CORE', isFound: true, problem: null });
});

test('a team that was linked by its old key is not taken by its new one as well', async () => {
  await world.reconcile();
  world.linear.world.team('ENG').key = 'CORE';
  const other = await linkAnother('CORE');
  labelled('CORE');
  await world.reconcile(other);
  await world.reconcile();
  expect(await world.epics()).toHaveLength(1);
  const [row] = await world.rows('SELECT linear_problem AS problem FROM project WHERE id = $1', other);
  expect(row).toEqual({ problem: 'Another project takes the issues of the team CORE.' });
  // What the other one says stays said, and the first one goes on under the key that it was linked by.
  expect(await link()).toMatchObject({ key: 'ENG', problem: null });
});

test('a team that is made private is told of, and not taken for one without issues', async () => {
  await world.reconcile();
  const team = world.linear.world.team('ENG');
  team.isPrivate = true;
  world.linear.world.user('millwright').teams.delete(team.id);
  labelled();
  expect(await world.reconcile()).toEqual({ kind: 'idle' });
  expect(await link()).toEqual({ key: 'ENG', isFound: true, problem: 'Linear shows us the team ENG no more.' });
  world.linear.world.user('millwright').teams.add(team.id);
  await world.reconcile();
  expect(await link()).toMatchObject({ problem: null });
  expect(await world.epics()).toHaveLength(1);
});

test('an issue that moves to the team of another project stays the epic that it is', async () => {
  const other = await linkAnother('OPS');
  // Who set the label may ask for work in both.
  const issue = world.linear.people.openIssue({ by: 'anna', labels: ['millwright'] });
  await world.reconcile();
  world.linear.people.moveToTeam(issue, 'OPS', 'rita');
  await world.reconcile(other);
  await world.reconcile();
  expect(await world.epics()).toHaveLength(1);
});
