import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createForgeWatchActivities } from '../../../activities/forge/watch/watch.activities.js';
import { createMergeActivities } from '../../../activities/git/merge.activities.js';
import { createRepositoryActivities } from '../../../activities/git/repository.activities.js';
import type { HintSubject } from '../../../domain/forge/hint.js';
import type { LandingTarget } from '../../../domain/merge/types.js';
import { GitHubChecks } from '../../../infra/forge/github/github-checks.js';
import type { MergeMember } from '../../../workflows/contract/activities/merge.js';
import { rowsOf } from '../../support/api/seed.js';
import { asAttempt } from '../../support/git/activity-world.js';
import { type GitHubProjectWorld, githubProjectWorld, SHOP } from '../../support/github/project-world.js';
import { queuedMember } from '../../support/github/queued-member.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

let database: TestDatabase;
let world: GitHubProjectWorld;
let activities: ReturnType<typeof createRepositoryActivities> &
  ReturnType<typeof createMergeActivities> &
  ReturnType<typeof createForgeWatchActivities>;
let base: string;
let member: MergeMember;
let target: LandingTarget;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await githubProjectWorld(database);
  const { forge, mirrors, projectId } = world;
  const { pools } = database;
  const deps = { pools, forge, mirrors };
  activities = {
    ...createRepositoryActivities({ ...deps, dataDirectory: '/nowhere', tuning: 'brisk' }),
    ...createMergeActivities({ ...deps, planChecks: async () => ({ kind: 'planned', checks: [] }) }),
    ...createForgeWatchActivities(deps),
  };
  await rowsOf(database, 'UPDATE project SET base_branch = NULL WHERE id = $1', [projectId]);
  base = (await imported()).tip;
  ({ member, target } = await queuedMember(world, pools.writes, activities));
});
afterEach(async () => {
  await world.close();
  await rowsOf(database, 'DELETE FROM webhook_delivery');
  await rowsOf(database, 'DELETE FROM outbox');
});

const at = () => ({ projectId: world.projectId, branch: 'main' });
const people = () => world.github.people;
const tipOf = (branch: string) => people().tip(SHOP, branch);
const imported = async () => {
  const found = await asAttempt(1, activities.importSource, { projectId: world.projectId });
  await rowsOf(database, 'UPDATE project SET tip_sha = $2, base_branch = $3 WHERE id = $1', [
    world.projectId,
    found.tip,
    'main',
  ]);
  return found;
};
const look = () => asAttempt(1, activities.reconcileForge, { projectId: world.projectId });
const readTip = () => asAttempt(1, activities.readTip, at());
const openQueue = () => asAttempt(1, activities.openQueue, at());
const land = () => asAttempt(1, activities.landHead, { ...at(), target, members: [member] });
const inspect = () => asAttempt(1, activities.inspectEntry, { ...at(), ...member, tip: '' });
const page = () => world.github.state.issues.find(({ number }) => number === member.prNumber);
const told = async (): Promise<readonly string[]> => {
  const rows = await rowsOf(database, 'SELECT workflow_id, name FROM outbox ORDER BY created_at, id');
  await rowsOf(database, 'DELETE FROM outbox');
  return rows.map(({ workflow_id: id, name }) => `${String(id).replace(world.projectId, 'p')} ${name}`);
};
const remove = (branch: string) => people().moveBranch({ repository: SHOP, branch, to: null });
const laneAt = (tip: string) =>
  rowsOf(
    database,
    `INSERT INTO queue_lane (project_id, branch, mode, by, tip_sha, since, version)
     VALUES ($1, 'main', 'open', 'system', $2, now(), 1)
     ON CONFLICT (project_id, branch) DO UPDATE SET tip_sha = $2`,
    [world.projectId, tip],
  );

const GONE = { type: 'InvalidState', details: { reason: 'BASE_GONE' }, message: expect.stringMatching(/^BASE_GONE: /) };

test('a base that was renamed is followed: what was tested lands on it, and nobody leaves the queue', async () => {
  await world.github.admin.renameDefaultBranch(SHOP, 'trunk');
  expect(await openQueue()).toMatchObject({ kind: 'open', tip: base });
  expect(await inspect()).toMatchObject({ kind: 'ready' });
  expect(await land()).toEqual({ kind: 'landed' });
  expect(await tipOf('trunk')).toBe(target.commit);
  expect(await world.forge.readPullRequest(world.projectId, member.prNumber)).toMatchObject({
    state: 'merged',
    baseRef: 'main',
  });
  expect(
    await rowsOf(database, `SELECT decision, reasoning FROM decision WHERE project_id = $1`, [world.projectId]),
  ).toEqual([{ decision: 'followed', reasoning: 'GitHub leads from main to trunk' }]);
});

test('a pull request that GitHub moved with its base is read as one to the base, before anybody has heard of the rename', async () => {
  await world.github.admin.renameDefaultBranch(SHOP, 'trunk');
  const read = () => world.forge.readPullRequest(world.projectId, member.prNumber);
  expect(await read()).toMatchObject({ state: 'open', baseRef: 'main' });
  expect(await inspect()).toMatchObject({ kind: 'ready' });
  await people().moveBranch({ repository: SHOP, branch: 'other', to: base });
  const pull = page()?.pull;
  if (pull) pull.baseRef = 'other';
  expect(await read()).toMatchObject({ baseRef: 'other' });
  expect(await inspect()).toMatchObject({ kind: 'refused', reason: 'BASE_CHANGED' });
});

test('the first to meet a renamed base follows it, whatever he was about', async () => {
  await world.github.admin.renameDefaultBranch(SHOP, 'trunk');
  expect(await land()).toEqual({ kind: 'landed' });
  await world.github.admin.renameDefaultBranch(SHOP, 'stem');
  await world.github.admin.renameDefaultBranch(SHOP, 'main');
  expect(await readTip()).toEqual({ sha: target.commit });
  expect(
    await rowsOf(database, 'SELECT forge_base_branch AS there FROM project WHERE id = $1', [world.projectId]),
  ).toEqual([{ there: null }]);
});

test('pull requests, rules and pushes of a renamed base are those of the base', async () => {
  const checks = new GitHubChecks({ pools: database.pools, access: world.access });
  world.github.admin.protect(SHOP, { requiredChecks: [{ context: 'ci' }] });
  await world.github.admin.renameDefaultBranch(SHOP, 'trunk');
  await readTip();
  expect(await checks.required(world.projectId, 'main')).toEqual([{ context: 'ci' }]);
  const filter = { state: 'open', baseRef: 'main' } as const;
  expect(await world.forge.listPullRequests(world.projectId, filter)).toMatchObject([{ baseRef: 'main' }]);
  // A later branch under the old name is another one.
  await people().moveBranch({ repository: SHOP, branch: 'main', to: member.headSha });
  await people().push({ repository: SHOP, branch: 'trunk', files: { 'c.txt': 'three\n' } });
  expect(await readTip()).toEqual({ sha: await tipOf('trunk') });
  const zero = '0'.repeat(40);
  expect(await hinted({ kind: 'branch', ref: 'refs/heads/main', before: zero, after: zero })).toBe('other');
  expect(await hinted({ kind: 'branch', ref: 'refs/heads/trunk', before: zero, after: zero })).toBe('moved');
  expect(await told()).toEqual(['merge-queue/p/main forgeEvent', 'factory projectChanged']);
});

async function hinted(subject: HintSubject): Promise<unknown> {
  await rowsOf(
    database,
    `INSERT INTO webhook_delivery (delivery_id, event, hint, project_id) VALUES ($1, 'push', $2, $3)`,
    [randomUUID(), JSON.stringify({ event: 'push', subject }), world.projectId],
  );
  await asAttempt(1, activities.applyHints, { projectId: world.projectId });
  return (await rowsOf(database, 'DELETE FROM webhook_delivery RETURNING outcome'))[0]?.outcome;
}

test('a default branch that was replaced by hand is followed where the new one stands at the same commit', async () => {
  await people().moveBranch({ repository: SHOP, branch: 'trunk', to: base });
  await world.github.admin.setDefaultBranch(SHOP, 'trunk');
  await remove('main');
  expect(await readTip()).toEqual({ sha: base });
  expect(await rowsOf(database, `SELECT reasoning FROM decision WHERE project_id = $1`, [world.projectId])).toEqual([
    {
      reasoning: `main was the default branch and is gone; trunk is now, at the same commit ${base}`,
    },
  ]);
});

test('another default branch is no proof where it stands elsewhere, or where the base was none', async () => {
  await people().push({ repository: SHOP, branch: 'trunk', files: { 'c.txt': 'three\n' } });
  await world.github.admin.setDefaultBranch(SHOP, 'trunk');
  await remove('main');
  await expect(readTip()).rejects.toMatchObject(GONE);
  await people().moveBranch({ repository: SHOP, branch: 'trunk', to: base });
  await rowsOf(database, 'UPDATE project SET is_base_default = false WHERE id = $1', [world.projectId]);
  await expect(readTip()).rejects.toMatchObject(GONE);
});

test('a base that is gone is said once and waited for; what GitHub closed with it is opened again', async () => {
  await remove('main');
  expect(page()).toMatchObject({ state: 'closed' });
  await look();
  expect(await told()).toEqual(['merge-queue/p/main forgeEvent', 'factory projectChanged']);
  for (const work of [imported, openQueue, inspect, land, readTip]) await expect(work()).rejects.toMatchObject(GONE);
  await rowsOf(database, `UPDATE project SET state = 'refused', reason = 'BASE_GONE: x' WHERE id = $1`, [
    world.projectId,
  ]);
  await look();
  expect(await told()).toEqual([]);
  await people().moveBranch({ repository: SHOP, branch: 'main', to: base });
  await look();
  expect(await told()).toEqual(['merge-queue/p/main forgeEvent', 'factory projectChanged']);
  expect(await imported()).toMatchObject({ tip: base });
  expect(await inspect()).toMatchObject({ kind: 'ready' });
  expect(page()).toMatchObject({ state: 'open' });
  expect(await land()).toEqual({ kind: 'landed' });
});

test('once the base is back a pull request that a person closes stays closed, whoever opened it again', async () => {
  await remove('main');
  await look();
  await people().moveBranch({ repository: SHOP, branch: 'main', to: base });
  await imported();
  await people().reopenIssue({ repository: SHOP, number: member.prNumber });
  expect(await inspect()).toMatchObject({ kind: 'ready' });
  await people().closePullRequest({ repository: SHOP, number: member.prNumber });
  expect(await inspect()).toEqual({ kind: 'refused', reason: 'PR_CLOSED' });
});

test('a base that comes back elsewhere is a rewritten one', async () => {
  await people().push({ repository: SHOP, branch: 'side', files: { 'c.txt': 'three\n' } });
  const side = (await tipOf('side')) ?? '';
  await remove('main');
  await expect(openQueue()).rejects.toMatchObject(GONE);
  await people().moveBranch({ repository: SHOP, branch: 'main', to: side });
  const read = (tip: string) => asAttempt(1, activities.readQueueRemote, { ...at(), tip });
  expect(await read(base)).toMatchObject({ tip: side, moved: 'forward' });
  expect(await read(member.headSha)).toMatchObject({ tip: side, moved: 'rewritten' });
});

test('a base that is rewritten while no queue lives begins one, which finds what was lost', async () => {
  await land();
  await laneAt(target.commit);
  await imported();
  expect(await told()).toEqual([]);
  expect(await openQueue()).not.toHaveProperty('lostTip');
  // Back to where the import saw it first: no row but the lane's knows better.
  await rowsOf(database, 'UPDATE project SET tip_sha = $2 WHERE id = $1', [world.projectId, base]);
  await people().moveBranch({ repository: SHOP, branch: 'main', to: base });
  await look();
  expect(await told()).toEqual(['merge-queue/p/main forgeEvent', 'factory projectChanged']);
  await imported();
  const [start] = await rowsOf(database, 'SELECT workflow_id, name, args FROM outbox');
  expect(start).toMatchObject({ name: 'mergeQueue', args: [{ branch: 'main', knownTip: target.commit }] });
  expect(await openQueue()).toMatchObject({ tip: base, lostTip: target.commit });
});

test('a base that is rewritten before it ever had a queue is noticed by what the import knew', async () => {
  const main = (await people().push({ repository: SHOP, branch: 'main', files: { 'c.txt': 'three\n' } })) ?? '';
  await imported();
  await people().moveBranch({ repository: SHOP, branch: 'main', to: base });
  await imported();
  expect(await rowsOf(database, 'SELECT args FROM outbox')).toMatchObject([{ args: [{ knownTip: main }] }]);
  expect(await asAttempt(1, activities.openQueue, { ...at(), knownTip: main })).toMatchObject({ lostTip: main });
});

test('a repository that is renamed in the middle is met again under its new name', async () => {
  await look();
  world.github.admin.rename(SHOP, 'store');
  await expect(land()).rejects.toMatchObject({ type: 'Unavailable' });
  await look();
  expect(await land()).toEqual({ kind: 'landed' });
  expect(await people().tip('acme/store', 'main')).toBe(target.commit);
});
