import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createCheckActivities } from '../../../activities/checks/checks.activities.js';
import { ToolchainProbe } from '../../../activities/checks/toolchain.js';
import type { Sandbox } from '../../../activities/sandbox/command.js';
import { Failure } from '../../../domain/failures.js';
import type {
  CheckActivities,
  CheckRun,
  PlannedCheck,
  RunCheckInput,
} from '../../../workflows/contract/activities/checks.js';
import { processesWith } from '../../support/processes.js';
import { CheckWorld } from '../../support/sandbox/check-world.js';
import { SandboxHome } from '../../support/sandbox/home.js';
import { until } from '../../support/until.js';

let home: SandboxHome;
let world: CheckWorld;
beforeAll(async () => {
  home = await SandboxHome.open();
  world = await CheckWorld.open(home);
});
afterAll(() => home.remove());

const projectId = 'project-1';
let builds = 0;

const config = (checks: string, more = ''): string => `version: 1\nchecks: ${checks}\n${more}`;

const plan = async (commit: string, base = commit, at = world): Promise<readonly PlannedCheck[]> => {
  const planned = await at.activities.planChecks({ projectId, base, commit, tree: commit });
  return planned.kind === 'planned' ? planned.checks : [];
};

const run = async (
  commit: string,
  check: string,
  more: Partial<RunCheckInput> = {},
  at: { readonly activities: CheckActivities } = world,
): Promise<CheckRun> => {
  builds += 1;
  const input = {
    projectId,
    base: commit,
    commit,
    tree: commit,
    check,
    key: `key-${builds}`,
    buildId: `b${builds}`,
    purpose: 'first' as const,
    ...more,
  };
  return new MockActivityEnvironment().run(at.activities.runCheck, input);
};

const logOf = (result: CheckRun): string => world.logs.get(result.logRef ?? '') ?? '';

test('a green check passes on exactly the files of its commit, and its log says how', async () => {
  const commit = world.commit({
    'millwright.yml': config('[{ name: test, run: "cat a.txt; ls -A; echo $CI" }]'),
    'a.txt': 'content\n',
  });
  const result = await run(commit, 'test');
  expect(result).toMatchObject({ outcome: 'passed', failedTests: [] });
  expect(logOf(result)).toMatch(
    /^\$ cat a\.txt; ls -A; echo \$CI\ncontent\na\.txt\nmillwright\.yml\ntrue\n\[exit 0 after [\d.]+ s\]\n$/,
  );
  expect(world.trees.open).toBe(0);
});

test('a red check names its failed tests, and its log has no escapes', async () => {
  const commit = world.commit({
    'millwright.yml': config('[{ name: test, run: node --test --test-reporter=tap }]'),
    'a.test.js':
      "const t=require('node:test');t('adds',()=>{});t('it\\'s broken',()=>{console.log('\\x1b[31mred\\x1b[0m\\x1b]0;title\\x07');throw new Error('no')});",
  });
  const result = await run(commit, 'test');
  expect(result.outcome).toBe('failed');
  expect(result.failedTests).toContain("it's broken");
  expect(logOf(result)).toContain('red');
  expect(logOf(result)).not.toMatch(/\p{Cc}(?<![\n\t])/u);
});

test('only the failed tests are repeated where the check says how', async () => {
  const commit = world.commit({
    'millwright.yml': config(`[{ name: test, run: 'false', rerun: 'printf "%s|" {tests}' }]`),
  });
  const result = await run(commit, 'test', { purpose: 'rerun', only: ['plain', "it's; rm -rf /"] });
  expect(result.outcome).toBe('passed');
  expect(logOf(result)).toContain("\nplain|it's; rm -rf /|\n");
});

test('a check that hangs ends as a timeout', async () => {
  const commit = world.commit({ 'millwright.yml': config('[{ name: test, run: sleep 60, timeout: 1 }]') });
  expect(await run(commit, 'test')).toMatchObject({ outcome: 'timeout', message: expect.stringContaining('1 s') });
});

test('a check that was killed from outside is no verdict', async () => {
  const commit = world.commit({ 'millwright.yml': config('[{ name: test, run: kill -9 $$ }]') });
  expect(await run(commit, 'test')).toMatchObject({ outcome: 'infra' });
});

test('a database that is away is the next attempt’s, and costs no verdict', async () => {
  const commit = world.commit({ 'millwright.yml': config('[{ name: test, run: "true" }]') });
  const away = () => Promise.reject(new Failure('Unavailable', 'away'));
  const projects = { ...world.deps.projects, overrides: away };
  const activities = createCheckActivities({ ...world.deps, projects });
  await expect(run(commit, 'test', {}, { ...world, activities })).rejects.toMatchObject({ type: 'Unavailable' });
});

test('a probe of the tools that is killed is asked again, not kept', async () => {
  const { sandbox } = home;
  let asked = 0;
  const killedOnce: Sandbox = {
    run: async (command, signal) => {
      asked += 1;
      const result = await sandbox.run(command, signal);
      return asked === 1 ? { ...result, end: { kind: 'exited', code: 137 } } : result;
    },
  };
  const probe = new ToolchainProbe({ sandbox: killedOnce, path: sandbox.path, emptyTree: await home.tree() });
  await expect(probe.read('bubblewrap')).rejects.toMatchObject({ type: 'Unavailable' });
  expect((await probe.read('bubblewrap')).tools).toHaveProperty('node');
});

test('a check that has run does not run again because its log could not be kept at once', async () => {
  const commit = world.commit({
    'millwright.yml': config('[{ name: test, run: "cat /proc/sys/kernel/random/uuid" }]'),
  });
  const put = async (text: string): Promise<string> => {
    texts.push(text);
    if (texts.length < 3) throw new Failure('Unavailable', 'away');
    return world.deps.blobs.put(text);
  };
  const texts: string[] = [];
  const activities = createCheckActivities({ ...world.deps, blobs: { put } });
  expect((await run(commit, 'test', {}, { ...world, activities })).outcome).toBe('passed');
  expect([texts.length, new Set(texts).size]).toEqual([3, 1]);
});

test('a flaky check is tried again where it asks for it', async () => {
  const flaky = 'if [ -e tried ]; then echo green; else touch tried; echo red; exit 1; fi';
  const once = world.commit({ 'millwright.yml': config(`[{ name: test, run: '${flaky}' }]`) });
  const again = world.commit({ 'millwright.yml': config(`[{ name: test, run: '${flaky}', retry: immediate }]`) });
  expect((await run(once, 'test')).outcome).toBe('failed');
  const result = await run(again, 'test');
  expect(result.outcome).toBe('passed');
  expect(logOf(result)).toMatch(/red\n\[exit 1.*green\n\[exit 0/s);
});

test('an attempt after a crash finds the result of the dead one', async () => {
  const commit = world.commit({ 'millwright.yml': config('[{ name: test, run: date +%N }]') });
  const claim = { key: 'same', buildId: 'same' };
  const first = await run(commit, 'test', claim);
  expect(await run(commit, 'test', claim)).toEqual(first);
  expect((await run(commit, 'test', { ...claim, purpose: 'rerun' })).logRef).not.toBe(first.logRef);
});

test('a cancelled check leaves no process and no tree', async () => {
  const marker = `check-${process.pid}`;
  const commit = world.commit({ 'millwright.yml': config(`[{ name: test, run: ": ${marker}; sleep 300" }]`) });
  const environment = new MockActivityEnvironment();
  const running = environment.run(world.activities.runCheck, {
    projectId,
    base: commit,
    commit,
    tree: commit,
    check: 'test',
    key: 'k',
    buildId: 'b',
    purpose: 'first' as const,
  });
  const refused = expect(running).rejects.toThrow();
  await until(async () => (await processesWith(marker)).length > 0);
  environment.cancel();
  await refused;
  expect([await processesWith(marker), world.trees.open]).toEqual([[], 0]);
});

test('the key of a check changes with its definition and its files, and with nothing else', async () => {
  const check = '[{ name: test, run: x }]';
  const keyOf = async (files: Readonly<Record<string, string>>): Promise<string | undefined> =>
    (await plan(world.commit(files)))[0]?.key;
  const key = await keyOf({ 'millwright.yml': config(check), a: '1' });
  expect(await keyOf({ a: '1', 'millwright.yml': config(check) })).toBe(key);
  expect(await keyOf({ 'millwright.yml': config(check), a: '2' })).not.toBe(key);
  expect(await keyOf({ 'millwright.yml': config('[{ name: test, run: y }]'), a: '1' })).not.toBe(key);
});

test('a change that edits the checks is planned with the old and the new ones', async () => {
  const base = world.commit({ 'millwright.yml': config('[{ name: known, run: old }]') });
  const commit = world.commit({
    'millwright.yml': config('[{ name: known, run: new }, { name: docs, run: x, required: false }]'),
  });
  expect((await plan(commit, base)).map(({ name, required, estMs }) => [name, required, estMs])).toEqual([
    ['known', true, 1234],
    ['known (edited)', true, 300_000],
    ['docs', false, 300_000],
  ]);
});

test('a broken configuration is answered with file, line and key', async () => {
  const commit = world.commit({ 'millwright.yml': 'version: 1\nchecks:\n  - run: x\n' });
  expect(await world.activities.planChecks({ projectId, base: commit, commit, tree: commit })).toEqual({
    kind: 'invalid',
    message: 'millwright.yml:3:5: checks.0.name is missing.',
  });
});

test('where there is no sandbox nothing runs, and it is no verdict', async () => {
  const commit = world.commit({ 'millwright.yml': config('[{ name: test, run: "true" }]') });
  const activities = createCheckActivities({ ...world.deps, whyNoSandbox: 'Install bubblewrap.' });
  const input = {
    projectId,
    base: commit,
    commit,
    tree: commit,
    check: 'test',
    key: 'k0',
    buildId: 'b0',
    purpose: 'first' as const,
  };
  expect(await new MockActivityEnvironment().run(activities.runCheck, input)).toMatchObject({
    outcome: 'infra',
    message: 'Install bubblewrap.',
  });
});

test('with sandbox none, by an admin, the log says it aloud and the keys differ', async () => {
  const open = await CheckWorld.open(home, { sandbox: 'none' });
  const files = { 'millwright.yml': config('[{ name: test, run: pwd }]') };
  const commit = open.commit(files);
  const result = await run(commit, 'test', {}, open);
  expect(open.logs.get(result.logRef ?? '')).toMatch(/^WARNING: run without a sandbox/);
  expect((await plan(commit, commit, open))[0]?.key).not.toBe((await plan(world.commit(files)))[0]?.key);
});
