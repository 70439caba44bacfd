import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createMergeActivities } from '../../../activities/git/merge.activities.js';
import type { LandingTarget } from '../../../domain/merge/types.js';
import type { LandOutcome, MergeMember } from '../../../workflows/contract/activities/merge.js';
import { asAttempt } from '../../support/git/activity-world.js';
import { ANSWERS } from '../../support/github/faults/faults.js';
import { type GitHubProjectWorld, githubProjectWorld, SHOP } from '../../support/github/project-world.js';
import { queuedMember } from '../../support/github/queued-member.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

let database: TestDatabase;
let world: GitHubProjectWorld;
let merge: ReturnType<typeof createMergeActivities>;
let member: MergeMember;
let target: LandingTarget;
const branch = 'main';

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await githubProjectWorld(database);
  const { forge, mirrors, projectId } = world;
  const { pools } = database;
  const overrides = JSON.stringify({ merge: { via: 'api' } });
  await pools.writes.query({ text: 'UPDATE project SET overrides = $2 WHERE id = $1', values: [projectId, overrides] });
  merge = createMergeActivities({ pools, forge, mirrors, planChecks: async () => ({ kind: 'planned', checks: [] }) });
  ({ member, target } = await queuedMember(world, pools.writes, merge));
});
afterEach(() => world.close());

const land = (attempt = 1): Promise<LandOutcome> =>
  asAttempt(attempt, merge.landHead, { projectId: world.projectId, branch, target, members: [member] });
const check = (commit: string) =>
  asAttempt(1, merge.checkLanding, { projectId: world.projectId, branch, target: { ...target, commit } });
const landedCommit = (outcome: LandOutcome): string =>
  outcome.kind === 'landed' ? (outcome.commit ?? '') : outcome.kind;
const merges = () => world.github.requests.filter(({ method, path }) => method === 'PUT' && path.endsWith('/merge'));

test('the forge’s own merge lands the tested tree under the message that names its entry', async () => {
  const commit = landedCommit(await land());
  expect(commit).toBe(await world.github.people.tip(SHOP));
  expect(await check(commit)).toEqual({ kind: 'ok' });
  expect(await world.github.people.git(SHOP, 'log', '-1', '--format=%B', commit)).toContain(
    `Millwright-Entry: ${member.entryId}`,
  );
});

test('a merge whose answer was lost is found, and not made again', async () => {
  world.github.faults.add({ method: 'PUT', path: /\/merge$/, act: { kind: 'apply-then-cut' } });
  await expect(land()).rejects.toMatchObject({ type: 'Unavailable' });
  expect(landedCommit(await land(2))).toBe(await world.github.people.tip(SHOP));
  expect(merges()).toHaveLength(1);
});

test('a base that moved is not merged onto', async () => {
  await world.github.people.push({ repository: SHOP, branch, files: { 'c.txt': 'three\n' } });
  expect(await land()).toEqual({ kind: 'baseMoved', tip: await world.github.people.tip(SHOP) });
  expect(merges()).toHaveLength(0);
});

test('a head that moved since it was tested is not merged', async () => {
  const headSha = await world.github.people.push({
    repository: SHOP,
    branch: member.headRef,
    files: { 'b.txt': 'other\n' },
  });
  expect(await land()).toEqual({ kind: 'headMoved', headSha });
});

test('rules that refuse the merge are said', async () => {
  const refusal = { ...ANSWERS.conflict, status: 405, body: { message: 'At least 1 approving review is required.' } };
  world.github.faults.add({ method: 'PUT', path: /\/merge$/, act: refusal });
  expect(await land()).toMatchObject({ kind: 'forbidden', message: expect.stringContaining('approving review') });
});

test('a merge of something else than was tested is seen', async () => {
  await world.github.people.push({ repository: SHOP, branch, files: { 'c.txt': 'three\n' } });
  const commit = await world.github.people.merge({ repository: SHOP, number: member.prNumber });
  expect(landedCommit(await land())).toBe(commit);
  expect(await check(commit)).toMatchObject({ kind: 'mismatch' });
});
