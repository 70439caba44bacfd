import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { planContexts } from '../../../activities/checks/forge/contexts.js';
import { runForgeCheck } from '../../../activities/checks/forge/run-forge-check.js';
import { voidTurnedRed } from '../../../activities/checks/forge/turned-red.js';
import { CiWorld, CONTEXT, REPO } from '../../support/forge-ci/ci-world.js';
import { createRun } from '../../support/github/acts/checks.js';
import { createStatus } from '../../support/github/acts/statuses.js';
import { CI_APP } from '../../support/github/ci/ci.js';
import { ANSWERS } from '../../support/github/faults/faults.js';
import { DEFAULT_PERMISSIONS } from '../../support/github/options.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { until } from '../../support/until.js';

const GREEN = { kind: 'completed', conclusion: 'success' } as const;
const RED = { kind: 'completed', conclusion: 'failure' } as const;
let database: TestDatabase;
let world: CiWorld;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await CiWorld.open(database);
});
afterEach(() => world.close());

const runs = () => world.github.state.checkRuns.filter(({ name }) => name === CONTEXT);
const repository = () => world.github.state.repositoryNamed(REPO);
const logOf = (ref: string | undefined) => world.blobs.get(ref ?? '');

test('a green context passes on the pushed candidate, whose branch goes, and the verdict is found again', async () => {
  world.require();
  const pushed: string[] = [];
  world.install(({ branch }) => {
    pushed.push(branch);
    return GREEN;
  });
  const at = await world.composed();
  expect(await world.verify(at)).toMatchObject({ kind: 'passed', evidence: [expect.any(String)], flakyTests: [] });
  expect(pushed).toEqual([expect.stringMatching(/^millwright-queue\/main\/[0-9a-f]{12}-[0-9a-f]{12}$/)]);
  expect(await world.refs()).toEqual([]);
  expect(await world.verify(at)).toMatchObject({ kind: 'passed' });
  expect(pushed).toHaveLength(1);
});

test('a red that is red again and green on the parent is the change’s, and its log reaches the agent as data', async () => {
  world.require();
  const secret = `ghp_${'x'.repeat(36)}`;
  const log = `2026-01-01T00:00:00.0000000Z \u001b[31mFAIL\u001b[0m test/a.test.ts\n2026-01-01T00:00:01.0000000Z token=${secret}\n`;
  const at = await world.composed();
  world.install(({ sha }) =>
    sha === at.commit
      ? {
          ...RED,
          log,
          summary: 'One test failed',
          annotations: [
            { path: 'a.ts', start_line: 3, end_line: 3, annotation_level: 'failure', message: 'wrong sum' },
          ],
        }
      : GREEN,
  );
  const outcome = await world.verify(at);
  expect(outcome).toMatchObject({ kind: 'red', cause: 'red' });
  if (outcome.kind !== 'red') throw new Error(outcome.kind);
  expect(outcome.checks).toEqual([{ name: CONTEXT, failedTests: ['test/a.test.ts'], logRef: expect.any(String) }]);
  const text = await logOf(outcome.checks[0]?.logRef);
  expect(text).toContain('One test failed');
  expect(text).toContain('a.ts:3: failure: wrong sum');
  expect(text).toContain('\nFAIL test/a.test.ts\ntoken=[redacted]');
  for (const gone of ['ghp_', '\u001b', '2026-01-01T']) expect(text).not.toContain(gone);
  expect(world.suspected).toEqual([CONTEXT]);
  expect(runs().filter(({ headSha }) => headSha === at.commit)).toHaveLength(2);
  expect(await world.refs()).toEqual([]);
});

test('no credentials go to where the log lies', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const elsewhere = createServer(({ headers }, answer) => {
    seen.push(headers);
    answer.end('lines of a log\n');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const { port } = elsewhere.address() as AddressInfo;
  const headers = { location: `http://127.0.0.1:${port}/log` };
  world.github.faults.add({ path: /\/logs$/, act: { kind: 'answer', status: 302, headers, body: '' }, times: 9 });
  world.require();
  world.install(() => ({ ...RED, log: 'no\n' }));
  await world.verify(await world.composed());
  elsewhere.close();
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter(({ authorization, cookie }) => authorization !== undefined || cookie !== undefined)).toEqual([]);
  expect([...world.blobs.texts.values()].join()).toContain('lines of a log');
});

test('a flaky job is asked for again once, and its green counts', async () => {
  world.require();
  world.install(({ attempt }) => (attempt === 1 ? RED : GREEN));
  expect(await world.verify(await world.composed())).toMatchObject({ kind: 'passed', flakyTests: [CONTEXT] });
  expect(runs()).toHaveLength(2);
});

test('an owner who does not let jobs be run again has the first red count, and one who shows no logs has its annotations', async () => {
  const { actions: _, ...without } = DEFAULT_PERMISSIONS;
  world.require();
  const at = await world.composed();
  world.install(({ sha }) => (sha === at.commit ? { ...RED, annotations: [ANNOTATION] } : GREEN));
  for (const permissions of [{ ...without, actions: 'read' as const }, without]) {
    world.github.admin.changeInstallation('acme/shop', { permissions });
    world.blobs.texts.clear();
    expect(await world.verify(at)).toMatchObject({ kind: 'red', cause: 'red' });
    await world.deps.pools.writes.query({ text: `UPDATE evidence SET voided_at = now() WHERE voided_at IS NULL` });
    expect([...world.blobs.texts.values()].join()).toContain('a.txt:1: failure: no');
  }
  expect(runs().filter(({ headSha }) => headSha === at.commit)).toHaveLength(1);
});

const ANNOTATION = { path: 'a.txt', start_line: 1, end_line: 1, annotation_level: 'failure', message: 'no' } as const;

test('a red base is nobody’s fault', async () => {
  world.require();
  world.install(() => RED);
  expect(await world.verify(await world.composed())).toMatchObject({ kind: 'controlRed' });
});

test('a context that never reports is a timeout, and on the last attempt the parent tells whose', async () => {
  world.require();
  const at = await world.composed();
  world.install(({ sha }) => (sha === at.commit ? { kind: 'never' } : GREEN));
  const deps = { ...world.deps, timeoutMs: 1_000 };
  expect(await world.verify(at, { deps })).toMatchObject({
    kind: 'infra',
    error: expect.stringMatching(/^ci \/ test: no result within \d+ s/),
  });
  expect(await world.refs()).toEqual([]);
  const control = { ...world.deps, timeoutMs: 10_000 };
  expect(await world.verify(at, { deps: control, lastAttempt: true })).toMatchObject({ kind: 'red', cause: 'timeout' });
});

test('a renamed context is a timeout that says what may be wrong; the new rule is a new check', async () => {
  world.require({ context: 'old name' });
  world.install(() => GREEN);
  const at = await world.composed();
  const outcome = await world.verify(at, { deps: { ...world.deps, timeoutMs: 1_000 } });
  expect(outcome).toMatchObject({ kind: 'infra' });
  expect([...world.blobs.texts.values()].join()).toContain('still called that');
  world.github.admin.unprotect(REPO);
  world.require();
  expect(await world.verify(at)).toMatchObject({ kind: 'passed' });
});

test('of two reports the newer counts', async () => {
  world.require();
  const { commit: headSha, ...rest } = await world.candidate();
  const where = { repository: repository(), appSlug: CI_APP };
  const said = { name: CONTEXT, headSha, headBranch: null };
  await createRun(world.github.world, where, { ...said, conclusion: 'failure' });
  await createRun(world.github.world, where, { ...said, conclusion: 'success' });
  expect(await world.verify({ commit: headSha, ...rest })).toMatchObject({ kind: 'passed' });
  expect(await world.refs()).toEqual([]);
});

test('a commit status counts as a check run does', async () => {
  world.require({ source: 'protection' });
  const at = await world.candidate();
  const status = { sha: at.commit, context: CONTEXT, targetUrl: null, login: 'rita' };
  await createStatus(world.github.world, repository(), { ...status, state: 'pending', description: null });
  const outcome = world.verify(at);
  await createStatus(world.github.world, repository(), { ...status, state: 'success', description: 'done' });
  expect(await outcome).toMatchObject({ kind: 'passed' });
});

test('a run of the same name by another App does not count where the rule names one', async () => {
  const appId = world.github.state.app(CI_APP)?.id ?? 0;
  world.require({ appId });
  world.install(() => RED);
  const at = await world.candidate();
  const where = { repository: repository(), appSlug: world.github.app.slug };
  const said = { name: CONTEXT, headBranch: null, conclusion: 'success' } as const;
  for (const headSha of [at.commit, at.parent]) await createRun(world.github.world, where, { ...said, headSha });
  expect(await world.verify(at)).toMatchObject({ kind: 'controlRed' });
});

test('what the CI cancelled is no verdict, and the next attempt asks for it again', async () => {
  world.require();
  world.install(({ attempt }) => (attempt === 1 ? { kind: 'completed', conclusion: 'cancelled' } : GREEN));
  const at = await world.composed();
  expect(await world.verify(at)).toMatchObject({ kind: 'infra', error: expect.stringContaining('cancelled') });
  expect(await world.verify(at)).toMatchObject({ kind: 'passed' });
  expect(runs()).toHaveLength(2);
});

/** A composed tree whose context begins and stays under way until it is released. */
async function heldContext() {
  world.require();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  world.install(async () => {
    await held;
    return GREEN;
  });
  const at = await world.composed();
  const { projectId, deps } = world;
  const [check] = await planContexts(deps, { projectId, tree: at.tree }, []);
  const input = { projectId, base: at.parent, commit: at.commit, tree: at.tree, check: CONTEXT, key: check?.key ?? '' };
  return { input, release: () => release() };
}

test('an attempt after a crash goes on waiting for what the dead one asked for', async () => {
  const { input, release } = await heldContext();
  const { deps } = world;
  const claim = { ...input, buildId: 'one', purpose: 'first' } as const;
  const dying = new AbortController();
  const dead = runForgeCheck(deps, claim, dying.signal);
  await until(() => runs().length === 1);
  dying.abort();
  await expect(dead).rejects.toThrow();
  const second = runForgeCheck(deps, claim, new AbortController().signal);
  release();
  expect(await second).toMatchObject({ outcome: 'passed' });
  expect(runs()).toHaveLength(1);
});

test('while the forge limits us nobody is late: the clock of a context stands still until it can be asked again', async () => {
  const { input, release } = await heldContext();
  const { deps } = world;
  const claim = { ...input, buildId: 'limited', purpose: 'first' } as const;
  const first = runForgeCheck(deps, claim, new AbortController().signal);
  await until(() => runs().length === 1);
  world.github.faults.add({ path: /\/commits\/.*check-runs/, act: ANSWERS.secondaryLimit(403, 90) });
  await expect(first).rejects.toMatchObject({ type: 'RateLimited' });
  // As it would be an hour later: the limit is over, and the attempt that follows has not waited.
  await deps.pools.writes.query({ text: 'DELETE FROM forge_limit' });
  const again = runForgeCheck({ ...deps, timeoutMs: 10_000 }, claim, new AbortController().signal);
  release();
  expect(await again).toMatchObject({ outcome: 'passed' });
  const { rows } = await deps.pools.writes.query<{ readonly isLater: boolean }>({
    text: `SELECT asked_at > now() AS "isLater" FROM forge_check WHERE build_id = 'limited'`,
  });
  expect([rows, runs().length]).toEqual([[{ isLater: true }], 1]);
});

test('a run that began and never ended is given up, asked for again by another branch, and what that says counts', async () => {
  world.require();
  const at = await world.composed();
  const branches: string[] = [];
  world.install(({ branch }) => {
    branches.push(branch);
    return branches.length === 1 ? { kind: 'never' } : GREEN;
  });
  const deps = { ...world.deps, timeoutMs: 5_000 };
  expect(await world.verify(at, { deps })).toMatchObject({
    kind: 'infra',
    isTimeout: true,
    error: expect.stringContaining('It began and did not end.'),
  });
  expect(await world.verify(at)).toMatchObject({ kind: 'passed' });
  expect(new Set(branches).size).toBe(2);
  expect(await world.refs()).toEqual([]);
});

test('a run that never ends holds up whoever else waits for it no longer than its time', async () => {
  world.require();
  const { commit: headSha, ...rest } = await world.candidate();
  const where = { repository: repository(), appSlug: CI_APP };
  await createRun(world.github.world, where, { name: CONTEXT, headSha, headBranch: null, status: 'in_progress' });
  world.install(() => ({ kind: 'never' }));
  const deps = { ...world.deps, timeoutMs: 5_000 };
  for (let waiter = 0; waiter < 2; waiter++)
    expect(await world.verify({ commit: headSha, ...rest }, { deps })).toMatchObject({
      kind: 'infra',
      error: expect.stringContaining('It began and did not end.'),
    });
  // The first waited for what it found, the second asked, and found what that began.
  expect(runs()).toHaveLength(2);
});

test('while a context is waited for, its row says which, since when and until when', async () => {
  const { input, release } = await heldContext();
  const claim = { ...input, buildId: 'shown', purpose: 'first' } as const;
  const run = runForgeCheck(world.deps, claim, new AbortController().signal);
  await until(() => runs().length === 1);
  const { rows } = await world.deps.pools.writes.query({
    text: `SELECT context, extract(epoch FROM gives_up_at - asked_at)::int AS seconds FROM forge_check WHERE build_id = 'shown'`,
  });
  expect(rows).toEqual([{ context: CONTEXT, seconds: 60 }]);
  release();
  expect(await run).toMatchObject({ outcome: 'passed' });
});

test('a green that turns red before it is read is red, and a red that turns green is green', async () => {
  world.require();
  const where = { repository: repository(), appSlug: CI_APP };
  const said = async (words: readonly ('success' | 'failure')[]): Promise<string> => {
    const { commit: headSha, ...rest } = await world.candidate(`${words.join()}\n`);
    for (const conclusion of words)
      await createRun(world.github.world, where, { name: CONTEXT, headSha, headBranch: null, conclusion });
    world.install(({ sha }) => (sha === headSha ? RED : GREEN));
    return (await world.verify({ commit: headSha, ...rest })).kind;
  };
  expect(await said(['failure', 'success'])).toBe('passed');
  expect(await said(['success', 'failure'])).toBe('red');
});

test('a verdict is taken back when the context turns red on the very commit before it lands, and by nothing else', async () => {
  world.require();
  world.install(() => GREEN);
  const at = await world.composed();
  const { projectId, deps } = world;
  expect(await world.verify(at)).toMatchObject({ kind: 'passed' });
  const where = { repository: repository(), appSlug: CI_APP };
  const red = (headSha: string) =>
    createRun(world.github.world, where, { name: CONTEXT, headSha, headBranch: null, conclusion: 'failure' });
  const stands = async () => {
    await voidTurnedRed(deps, { projectId, commit: at.commit, tree: at.tree });
    const { rows } = await deps.pools.writes.query({
      text: 'SELECT void_reason AS why FROM evidence WHERE project_id = $1',
      values: [projectId],
    });
    return rows;
  };
  await red(at.parent);
  expect(await stands()).toEqual([{ why: null }]);
  await red(at.commit);
  expect(await stands()).toEqual([{ why: `${CONTEXT} turned red on ${at.commit}` }]);
});

test('a context that turns red on what has landed makes the base red for whoever comes next', async () => {
  world.require();
  const at = await world.candidate();
  const where = { repository: repository(), appSlug: CI_APP };
  const say = (headSha: string, conclusion: 'success' | 'failure') =>
    createRun(world.github.world, where, { name: CONTEXT, headSha, headBranch: null, conclusion });
  await say(at.parent, 'success');
  const tip = { parent: at.parent, commit: at.parent, parentTree: at.parentTree, tree: at.parentTree };
  expect(await world.verify(tip)).toMatchObject({ kind: 'passed' });
  await say(at.parent, 'failure');
  world.install(() => RED);
  expect(await world.verify(at)).toMatchObject({ kind: 'controlRed' });
  const { rows } = await world.deps.pools.writes.query({
    text: 'SELECT void_reason AS why FROM evidence WHERE project_id = $1',
    values: [world.projectId],
  });
  expect(rows).toEqual([{ why: `contradicted by a control run of ${CONTEXT}` }]);
});
