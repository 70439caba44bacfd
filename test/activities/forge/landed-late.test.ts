import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createMergeActivities } from '../../../activities/git/merge.activities.js';
import { type GitHubProjectWorld, githubProjectWorld, SHOP } from '../../support/github/project-world.js';
import { openedMember } from '../../support/github/queued-member.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

let database: TestDatabase;
let world: GitHubProjectWorld;
let merge: ReturnType<typeof createMergeActivities>;
let number: number;
let headSha: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await githubProjectWorld(database);
  const { forge, mirrors } = world;
  const planChecks = async () => ({ kind: 'planned' as const, checks: [] });
  merge = createMergeActivities({ pools: database.pools, forge, mirrors, planChecks });
  ({
    member: { prNumber: number, headSha },
  } = await openedMember(world, database.pools.writes));
});
afterEach(() => world.close());

const entryId = '0192f3a4-0000-7000-8000-000000000001';
const at = () => ({ projectId: world.projectId, branch: 'main', entryId, prNumber: number });
const page = () => world.github.state.issues.find((issue) => issue.number === number);
const mark = (scheduledAgoMs: number): Promise<void> =>
  new MockActivityEnvironment(
    { scheduledTimestampMs: Date.now() - scheduledAgoMs },
    { logger: new DefaultLogger('ERROR') },
  ).run(merge.markLanded, { ...at(), mergeSha: headSha });

test('a landing that GitHub does not show is waited for while it may still come', async () => {
  await expect(mark(0)).rejects.toMatchObject({ details: { reason: 'NOT_MARKED' }, retryAfterMs: 5_000 });
  expect(page()).toMatchObject({ state: 'open' });
});

test('a landing that GitHub does not show in a minute is labelled, told in one comment and closed', async () => {
  world.github.faults.add({ method: 'POST', path: /\/comments$/, act: { kind: 'apply-then-cut' } });
  await expect(mark(61_000)).rejects.toMatchObject({ type: 'Unavailable' });
  await mark(70_000);
  await mark(80_000);
  const pr = await world.forge.readPullRequest(world.projectId, number);
  expect(pr).toMatchObject({ state: 'closed', labels: ['millwright:landed'] });
  expect(world.github.state.comments.map(({ body }) => body)).toEqual([
    `Landed as ${headSha}. GitHub did not mark this as merged by itself.\n\n<!-- millwright:landed -->`,
  ]);
});

test('a pull request that a person made a draft is not admitted to the queue', async () => {
  const inspect = () =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(merge.inspectEntry, {
      ...at(),
      tip: '',
      title: 'A',
      headRef: 'millwright/a',
      headSha,
    });
  expect(await inspect()).toMatchObject({ kind: 'ready' });
  await world.github.people.setDraft({ repository: SHOP, number, isDraft: true });
  expect(await inspect()).toEqual({ kind: 'refused', reason: 'PR_DRAFT' });
});
