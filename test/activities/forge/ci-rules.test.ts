import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createForgeWatchActivities } from '../../../activities/forge/watch/watch.activities.js';
import { createRepositoryActivities } from '../../../activities/git/repository.activities.js';
import { pushOwnRef } from '../../../infra/git/push.js';
import { CiWorld, CONTEXT, REPO } from '../../support/forge-ci/ci-world.js';
import { asAttempt } from '../../support/git/activity-world.js';
import { CI_APP } from '../../support/github/ci/ci.js';
import { ANSWERS } from '../../support/github/faults/faults.js';
import { DEFAULT_PERMISSIONS } from '../../support/github/options.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertAgent } from '../../support/rows.js';
import { until } from '../../support/until.js';

const GREEN = { kind: 'completed', conclusion: 'success' } as const;
let database: TestDatabase;
let world: CiWorld;

beforeAll(async () => {
  database = await createTestDatabase();
  await insertAgent(database.pools.writes, 'anthropic-worker');
  await insertAgent(database.pools.writes, 'anthropic-supervisor');
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = await CiWorld.open(database);
});
afterEach(() => world.close());

const required = () => world.deps.checks.required(world.projectId, 'main');
const repository = () =>
  createRepositoryActivities({
    ...world.deps,
    forgeChecks: world.deps.checks,
    dataDirectory: '/nowhere',
    tuning: 'brisk',
  });

test('what rulesets and branch protection require is read, with the App they name', async () => {
  expect(await required()).toEqual([]);
  const appId = world.github.state.app(CI_APP)?.id ?? 0;
  world.require({ appId });
  world.require({ context: 'lint', source: 'protection' });
  world.github.admin.protect(REPO, { source: 'ruleset', requiredChecks: [{ context: 'lint' }] });
  expect(await required()).toEqual([{ context: CONTEXT, appId }, { context: 'lint' }]);
});

test('an App that may not read the protection finds its checks at the branch', async () => {
  const { administration: _, ...permissions } = DEFAULT_PERMISSIONS;
  world.github.admin.changeInstallation(REPO, { permissions });
  world.require({ source: 'protection' });
  expect(await required()).toEqual([{ context: CONTEXT }]);
});

test('a private repository of the free plan has no rules, and is taken all the same', async () => {
  world.require();
  world.github.state.repositoryNamed(REPO).hasBranchRules = false;
  expect(await required()).toEqual([]);
});

test('a server that knows no rulesets is asked for branch protection alone', async () => {
  world.require();
  world.require({ context: 'lint', source: 'protection' });
  world.github.faults.add({ path: /rules\/branches/, times: 0, act: ANSWERS.notFound });
  expect(await required()).toEqual([{ context: 'lint' }]);
});

test('rules that may not be read, or of a branch that is not shown, are not taken for none', async () => {
  world.github.faults.add({ path: /rules\/branches/, act: ANSWERS.forbidden });
  await expect(required()).rejects.toMatchObject({ type: 'PermissionDenied' });
  world.github.faults.add({ path: /branches\/main/, times: 0, act: ANSWERS.notFound });
  await expect(required()).rejects.toMatchObject({ type: 'NotFound' });
});

test('a project with required contexts and no millwright.yml is ready, and its row says why', async () => {
  const { projectId } = world;
  const { writes } = database.pools;
  await writes.query({ text: 'UPDATE project SET base_branch = NULL WHERE id = $1', values: [projectId] });
  const { importSource, inspectProject } = repository();
  const { tip } = await asAttempt(1, importSource, { projectId });
  expect(await asAttempt(1, inspectProject, { projectId, tip })).toMatchObject({ kind: 'refused' });
  world.require();
  expect(await asAttempt(1, inspectProject, { projectId, tip })).toEqual({ kind: 'ready' });
  const { rows } = await writes.query({ text: 'SELECT config FROM project WHERE id = $1', values: [projectId] });
  expect(rows).toMatchObject([{ config: { checks: [], forgeChecks: [{ context: CONTEXT }] } }]);
});

test('an admin who waived all checks is not asked for those of the forge', async () => {
  world.require();
  const at = await world.candidate();
  const overrides = `UPDATE project SET overrides = '{"checks": "none"}' WHERE id = $1`;
  await database.pools.writes.query({ text: overrides, values: [world.projectId] });
  expect(await world.verify(at)).toMatchObject({ kind: 'passed', evidence: [] });
});

test('a webhook about the commit wakes whoever waits for its verdict', async () => {
  world.require();
  let report: (() => void) | undefined;
  const reported = new Promise<void>((resolve) => {
    report = resolve;
  });
  world.install(async () => {
    await reported;
    return GREEN;
  });
  const at = await world.composed();
  const outcome = world.verify(at, { deps: { ...world.deps, pollMs: 600_000, timeoutMs: 3_000_000 } });
  await until(() => world.github.state.checkRuns.length === 1);
  report?.();
  await world.github.ci.settled();
  const { writes } = database.pools;
  const hint = { event: 'check_run', subject: { kind: 'commit', sha: at.commit } };
  await writes.query({
    text: `INSERT INTO webhook_delivery (delivery_id, event, hint, project_id) VALUES ('one', 'check_run', $1, $2)`,
    values: [JSON.stringify(hint), world.projectId],
  });
  const { applyHints } = createForgeWatchActivities(world.deps);
  await asAttempt(1, applyHints, { projectId: world.projectId });
  expect(await outcome).toMatchObject({ kind: 'passed' });
  const { rows } = await writes.query({ text: 'SELECT outcome FROM webhook_delivery' });
  expect(rows).toEqual([{ outcome: 'told' }]);
});

test('the sweep removes candidates that nobody waits for, and no other', async () => {
  world.require();
  world.install(() => ({ kind: 'never' }));
  const waiting = world.verify(await world.composed(), { deps: { ...world.deps, timeoutMs: 20_000 } });
  await until(() => world.github.state.checkRuns.length === 1);
  const needed = await world.refs();
  const { mirrors, forge } = world.deps;
  const { projectId } = world;
  const left = { ref: 'refs/heads/millwright-queue/main/left-behind', to: (await world.candidate()).parent };
  const mirror = await mirrors.ensure(projectId);
  await pushOwnRef(mirror, await forge.remote(projectId), { ...left, expected: undefined });
  await asAttempt(1, repository().cleanRepository, { projectId });
  expect(await world.refs()).toEqual(needed);
  expect(await waiting).toMatchObject({ kind: 'infra' });
});
