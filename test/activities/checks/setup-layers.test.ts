import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { CheckRun } from '../../../workflows/contract/activities/checks.js';
import { CheckWorld } from '../../support/sandbox/check-world.js';
import { SandboxHome } from '../../support/sandbox/home.js';

let home: SandboxHome;
let world: CheckWorld;
beforeAll(async () => {
  home = await SandboxHome.open();
  world = await CheckWorld.open(home);
});
afterAll(() => home.remove());

const projectId = 'project-1';
let builds = 0;

const run = async (commit: string, base = commit, at = world): Promise<CheckRun & { readonly log: string }> => {
  builds += 1;
  const input = {
    projectId,
    base,
    commit,
    tree: commit,
    check: 'test',
    key: `k${builds}`,
    buildId: `b${builds}`,
    purpose: 'first' as const,
  };
  const result: CheckRun = await new MockActivityEnvironment().run(at.activities.runCheck, input);
  return { ...result, log: at.logs.get(result.logRef ?? '') ?? '' };
};

const withSetup = (setup: string, test: string): string =>
  `version: 1\nsetup: ${setup}\nchecks: [{ name: test, run: '${test}' }]\n`;

const STAMPED = withSetup(
  '{ run: "mkdir -p deps && date +%N > deps/stamp && ln -s stamp deps/link && echo x > deps/tool && chmod 755 deps/tool", inputs: [lock], outputs: [deps] }',
  'cat deps/link; test -x deps/tool; touch deps/written; ls -A',
);
const stampIn = (log: string): string | undefined => /^(\d{9})$/m.exec(log)?.[1];

test('setup runs once for the same inputs, and every tree has a copy of its own', async () => {
  const first = await run(world.commit({ 'millwright.yml': STAMPED, lock: '1', a: '1' }));
  const second = await run(world.commit({ 'millwright.yml': STAMPED, lock: '1', a: '2' }));
  expect([first.outcome, second.outcome]).toEqual(['passed', 'passed']);
  expect(stampIn(first.log)).toMatch(/\d{9}/);
  expect(stampIn(second.log)).toBe(stampIn(first.log));
  const changed = await run(world.commit({ 'millwright.yml': STAMPED, lock: '2', a: '2' }));
  expect(stampIn(changed.log)).not.toBe(stampIn(first.log));
  expect(world.trees.open).toBe(0);
});

test('two checks that need the same layer at once make it once', async () => {
  const commit = world.commit({ 'millwright.yml': STAMPED, lock: 'together' });
  const results = await Promise.all([run(commit), run(commit), run(commit)]);
  expect(new Set(results.map(({ log }) => stampIn(log))).size).toBe(1);
});

test('npm dependencies are installed by setup and found by the check', async () => {
  const manifest = { name: 'app', version: '1.0.0', dependencies: { dep: 'file:dep' } };
  const lock = {
    name: 'app',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: { '': manifest, dep: { version: '1.0.0' }, 'node_modules/dep': { resolved: 'dep', link: true } },
  };
  const result = await run(
    world.commit({
      'millwright.yml': withSetup(
        '{ run: npm ci, inputs: [package.json, package-lock.json], outputs: [node_modules] }',
        'node a.js',
      ),
      'package.json': JSON.stringify(manifest),
      'package-lock.json': JSON.stringify(lock),
      'dep/package.json': JSON.stringify({ name: 'dep', version: '1.0.0' }),
      'dep/index.js': 'module.exports = "from the dependency"',
      'a.js': 'console.log(require("dep"))',
    }),
  );
  expect([result.outcome, result.log]).toEqual(['passed', expect.stringContaining('from the dependency')]);
});

test('setup sees neither a secret nor another tree', async () => {
  const other = await home.tree({ secret: 'canary' });
  const setup = withSetup(
    `{ run: "mkdir out; (cat ${other}/secret; ls ${home.directory}; env | grep -i key) > out/seen 2>/dev/null; true", outputs: [out] }`,
    'wc -c out/seen',
  );
  expect((await run(world.commit({ 'millwright.yml': setup }))).log).toContain('\n0 out/seen\n');
});

test('outputs that git tracks are refused', async () => {
  const commit = world.commit({ 'millwright.yml': withSetup('{ run: x, outputs: [deps] }', 'true'), 'deps/a': '' });
  expect(await world.activities.planChecks({ projectId, base: commit, commit, tree: commit })).toMatchObject({
    kind: 'invalid',
    message: expect.stringContaining('setup.outputs names what git tracks: deps'),
  });
});

test('a setup that a change breaks is red, one that is broken on the base is no verdict', async () => {
  const broken = withSetup('{ run: "mkdir deps; grep good lock", inputs: [lock], outputs: [deps] }', 'true');
  const base = world.commit({ 'millwright.yml': broken, lock: 'good' });
  const change = world.commit({ 'millwright.yml': broken, lock: 'bad' });
  expect(await run(change, base)).toMatchObject({
    outcome: 'failed',
    message: expect.stringContaining('setup failed'),
  });
  expect(await run(change)).toMatchObject({ outcome: 'infra', message: expect.stringContaining('setup failed') });
  expect((await run(base)).outcome).toBe('passed');
});

test('a setup that does not make its outputs says so', async () => {
  const result = await run(
    world.commit({ 'millwright.yml': withSetup('{ run: "true", outputs: [missing] }', 'true') }),
  );
  expect([result.outcome, result.log]).toEqual(['infra', expect.stringContaining('did not make')]);
});

test('without setupNetwork nothing of setup runs', async () => {
  const closed = await CheckWorld.open(home, {});
  const commit = closed.commit({ 'millwright.yml': STAMPED, lock: 'closed' });
  expect(await run(commit, commit, closed)).toMatchObject({
    outcome: 'infra',
    message: expect.stringContaining('setupNetwork'),
  });
});

test('links that setup plants lead nowhere on the host', async () => {
  const planted = withSetup(
    `{ run: "mkdir -p out && ln -s ${home.directory} out/dir && ln -s /etc/shadow out/file && mkfifo out/fifo", outputs: [out] }`,
    'cat out/file; ls out/dir/; ls -l out',
  );
  const { log } = await run(world.commit({ 'millwright.yml': planted }));
  expect(log).toContain('out/dir/');
  expect(log).not.toContain('root:');
});
