import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SetupLayers } from '../../activities/checks/setup-layers.js';
import { ToolchainProbe } from '../../activities/checks/toolchain.js';
import { createCheckTrees } from '../../activities/git/check-trees.js';
import { createRefreshSetup, type RefreshSetup } from '../../activities/git/refresh-setup.js';
import { createTreeActivities } from '../../activities/git/tree.activities.js';
import { createTreeSetup } from '../../activities/git/tree-setup.js';
import { makeFence } from '../../workflows/contract/fence.js';
import { type ActivityWorld, activityWorld, asAttempt } from '../support/git/activity-world.js';
import { TREE_OWNER } from '../support/git/repositories.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertTask } from '../support/rows.js';
import { SandboxHome, serviceUser } from '../support/sandbox/home.js';

let database: TestDatabase;
let world: ActivityWorld;
let home: SandboxHome;
let isAllowed = true;
let trees: ReturnType<typeof createTreeActivities>;
let refreshSetup: RefreshSetup;
let seq = 0;

const CONFIG = `version: 1
setup:
  run: [mkdir -p deps && cp lock deps/lock && date +%N > deps/stamp]
  inputs: [lock]
  outputs: [deps]
checks: [{ name: test, run: "true" }]
`;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await activityWorld(database);
  home = await SandboxHome.open();
  const { sandbox } = home;
  const setup = createTreeSetup({
    trees: createCheckTrees(world.deps),
    projects: {
      overrides: async () => (isAllowed ? { setupNetwork: true } : {}),
      usualMs: async () => ({}),
    },
    toolchain: new ToolchainProbe({ sandbox, path: sandbox.path, emptyTree: await home.tree() }),
    layers: new SetupLayers({ sandbox, directory: join(home.directory, 'layers'), user: serviceUser }),
  });
  trees = createTreeActivities({ ...world.deps, setup });
  refreshSetup = createRefreshSetup({ ...world.deps, setup });
});
afterAll(async () => {
  await world.remove();
  await home.remove();
  await database.drop();
});

const imported = async (files: Record<string, string>) => {
  world.source.commit('more', files);
  await asAttempt(1, world.repository.importSource, { projectId: world.projectId });
};
const acquire = async () => {
  const ownerId = await insertTask(database.pools.writes, world.projectId);
  const fence = makeFence(1, ++seq);
  const taken = { projectId: world.projectId, ownerId, taskId: ownerId, branch: 'main', mode: 'write', fence } as const;
  const { treeId, baseSha } = await asAttempt(1, trees.acquireTree, taken);
  const at = (name: string) => join(world.deps.trees.store.live(treeId).source, name);
  const commit = () =>
    asAttempt(1, trees.commitRound, {
      treeId,
      projectId: world.projectId,
      taskId: ownerId,
      fence: makeFence(1, ++seq),
      branch: `millwright/${ownerId}`,
      parents: [baseSha],
      title: 't',
      summary: '',
      round: 1,
    });
  const refresh = () =>
    asAttempt(1, () => refreshSetup({ projectId: world.projectId, treeId }, new AbortController().signal), {});
  return { at, commit, refresh };
};

test('every tree has the outputs of setup, made once per input, its own and no part of a commit', async () => {
  await imported({ 'millwright.yml': CONFIG, lock: 'one' });
  const [a, b] = [await acquire(), await acquire()];
  const stamp = readFileSync(a.at('deps/stamp'), 'utf8');
  expect(readFileSync(b.at('deps/stamp'), 'utf8')).toBe(stamp);
  expect(statSync(a.at('deps/stamp')).ino).not.toBe(statSync(b.at('deps/stamp')).ino);
  if (TREE_OWNER) expect(statSync(a.at('deps/stamp')).uid).toBe(TREE_OWNER.uid);
  expect(await a.commit()).toEqual({ kind: 'no_change' });
  await imported({ lock: 'two' });
  const c = await acquire();
  expect(readFileSync(c.at('deps/lock'), 'utf8')).toBe('two');
  expect(readFileSync(c.at('deps/stamp'), 'utf8')).not.toBe(stamp);
});

test('a tree whose lock file was edited gets what it asks for before the next command, or keeps the old', async () => {
  await imported({ 'millwright.yml': CONFIG, lock: 'edit me' });
  const { at, commit, refresh } = await acquire();
  const first = readFileSync(at('deps/stamp'), 'utf8');
  expect(await refresh()).toBeUndefined();
  expect(readFileSync(at('deps/stamp'), 'utf8')).toBe(first);
  writeFileSync(at('lock'), 'edited');
  expect(await refresh()).toBeUndefined();
  expect(readFileSync(at('deps/lock'), 'utf8')).toBe('edited');
  writeFileSync(at('millwright.yml'), CONFIG.replace('cp lock', 'cp nothing'));
  const note = await refresh();
  expect(note).toContain('cp');
  expect(await refresh()).toBe(note);
  expect(readFileSync(at('deps/lock'), 'utf8')).toBe('edited');
  writeFileSync(at('millwright.yml'), CONFIG);
  expect(await refresh()).toBeUndefined();
  expect(await commit()).toMatchObject({ kind: 'committed', files: ['lock'] });
});

test('a tree without setup gets one that its agent writes', async () => {
  await imported({ 'millwright.yml': 'version: 1\n', lock: 'new' });
  const { at, refresh } = await acquire();
  expect(await refresh()).toBeUndefined();
  expect(existsSync(at('deps'))).toBe(false);
  writeFileSync(at('millwright.yml'), CONFIG);
  expect(await refresh()).toBeUndefined();
  expect(readFileSync(at('deps/lock'), 'utf8')).toBe('new');
});

test('a setup that fails says why, and one that nobody allowed does not run', async () => {
  await imported({ 'millwright.yml': CONFIG.replace('cp lock', 'echo no such luck; cp nothing'), lock: 'three' });
  await expect(acquire()).rejects.toMatchObject({ type: 'Unavailable', message: expect.stringContaining('cp') });
  isAllowed = false;
  await imported({ 'millwright.yml': CONFIG, lock: 'four' });
  await expect(acquire()).rejects.toMatchObject({ type: 'PermissionDenied' });
  isAllowed = true;
});

test('a configuration that cannot be read does not keep an agent from repairing it', async () => {
  await imported({ 'millwright.yml': 'version: 1\nchecks: [' });
  const { at } = await acquire();
  expect(existsSync(at('deps'))).toBe(false);
});
