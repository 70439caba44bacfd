import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApiClient } from '../../cli/api-client.js';
import {
  agentHostYml,
  type Change,
  fetchResult,
  finalTree,
  firstParents,
  makeRepository,
  treeOf,
  writeChanges,
} from '../support/e2e/history.js';
import { Instance } from '../support/e2e/instance.js';
import { ROOT } from '../support/import-graph.js';
import { until } from '../support/until.js';

const FIRST = {
  'millwright.yml': 'version: 1\nchecks:\n  - name: whole\n    run: test -f README\n',
  README: 'A repository whose history is known.\n',
};
const CHANGES: readonly Change[] = ['one', 'two', 'three', 'four'].map((key, at, all) => ({
  key,
  after: at < 2 ? [] : [all[at - 1] ?? ''],
  files: { [`lib/${key}`]: `${key}\n` },
}));

/** The agent of the known history, slow enough that a backup falls into its work. */
const slowAgent = (directory: string): string =>
  agentHostYml(directory).replace(/argv: \[(.+?), /, `argv: [/bin/sh, -c, 'sleep 2; exec "$0" "$@"', $1, `);

const PATIENCE = { everyMs: 200, atMostMs: 8 * 60_000 };
const LATER: Change = { key: 'five', after: [], files: { 'lib/five': 'five\n' } };

const started: Instance[] = [];
const file = (name: string): string => join(first().directory, name);
const first = (): Instance => {
  const [instance] = started;
  if (!instance) throw new Error('nothing was started');
  return instance;
};

beforeAll(async () => {
  started.push(
    await Instance.start({
      prepare: (directory) => void writeChanges(directory, [...CHANGES, LATER]),
      hostYml: slowAgent,
    }),
  );
}, 600_000);
afterAll(async () => {
  // The first one's directory holds the agent that the others were restored with.
  for (const instance of started.reverse()) await instance.stop();
}, 300_000);

/** A home of its own, filled from the backup and started. */
const startFrom = async (backup: string): Promise<Instance> => {
  const instance = await Instance.start({
    prepare: (directory) => {
      const env = { ...process.env, NODE_OPTIONS: '', MILLWRIGHT_HOME: join(directory, 'home') };
      execFileSync(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'restore', backup], { env, stdio: 'pipe' });
    },
  });
  started.push(instance);
  return instance;
};

const ended = async (instance: Instance, epicId: unknown, repository: string): Promise<void> => {
  const epic = await instance.untilEpic(epicId, ({ state }) => state === 'COMPLETED' || state === 'BLOCKED');
  expect(epic).toMatchObject({ state: 'COMPLETED', waitingFor: null });
  const tasks = await instance.api.list(`/epics/${epicId}/tasks`);
  expect(tasks.map(({ planKey, state }) => `${planKey} ${state}`)).toEqual(
    CHANGES.map(({ key }) => `${key} COMPLETED`),
  );
  const project = await instance.api.get(`/projects/${epic.projectId}`);
  await fetchResult(repository, String(project.pullCommand));
  expect(treeOf(repository, 'main')).toEqual(finalTree(FIRST, CHANGES));
  expect(firstParents(repository)).toHaveLength(2);
};

test('a backup of a running home disturbs nothing, and a home restored from it carries its epic to the end', async () => {
  const mine = makeRepository(file('mine'), FIRST);
  // The very same commits: a repository made a second later has others.
  const copy = file('copy');
  cpSync(mine, copy, { recursive: true });
  const project = await first().addProject(mine, { overrides: { agents: { worker: { use: 'replay' } } } });
  const epic = await first().api.post('/epics', {
    projectId: project.id,
    title: 'Survive',
    plan: {
      tasks: CHANGES.map(({ key, after }) => ({
        key,
        title: key,
        description: `Write ${key}.`,
        dependsOn: after.map((one) => ({ key: one })),
      })),
    },
    land: 'auto',
  });
  const { key } = await first().api.post('/keys', { name: 'bob', role: 'viewer' });
  // Some have landed and some have not begun.
  await first().untilEpic(epic.id, ({ state }) => state === 'IN_PROGRESS');
  await until(async () => {
    const tasks = await first().api.list(`/epics/${epic.id}/tasks`);
    return tasks.some(({ state }) => state === 'COMPLETED');
  }, PATIENCE);
  await first().cli('backup', file('running.tgz'));
  expect((await first().api.get(`/epics/${epic.id}`)).state).toBe('IN_PROGRESS');
  await ended(first(), epic.id, mine);

  const restored = await startFrom(file('running.tgz'));
  await ended(restored, epic.id, copy);
  // Keys of people go along as what checks them; the first admin key stays behind.
  expect(await new ApiClient(restored.facts.apiUrl, String(key)).list('/epics')).toHaveLength(1);
  expect(readFileSync(restored.layout.adminKeyFile, 'utf8')).not.toBe(
    readFileSync(first().layout.adminKeyFile, 'utf8'),
  );
}, 900_000);

test('a backup holds no key of ours, is for its owner only, and overwrites nothing', async () => {
  expect(statSync(file('running.tgz')).mode & 0o777).toBe(0o600);
  const names = execFileSync('tar', ['-tzf', file('running.tgz')], { encoding: 'utf8' });
  expect(names).toContain('database/epic.jsonl');
  expect(names).not.toMatch(/secrets|admin\.key|password/);
  const content = execFileSync('tar', ['-xzOf', file('running.tgz')], { maxBuffer: 1024 ** 3 }).toString('latin1');
  for (const secret of [first().layout.adminKeyFile, first().layout.databasePasswordFile]) {
    expect(content).not.toContain(readFileSync(secret, 'utf8').trim());
  }
  await expect(first().cli('backup', file('running.tgz'))).rejects.toMatchObject({ code: 1 });
});

test('a home that is down can be backed up too, and what is restored takes new work', async () => {
  await first().cli('down');
  await first().cli('backup', file('stopped.tgz'));
  const restored = await startFrom(file('stopped.tgz'));
  const [project] = await restored.api.list('/projects');
  const task = await restored.api.post('/tasks', { projectId: project?.id, title: 'five', description: 'More.' });
  let state = '';
  await until(async () => {
    state = String((await restored.api.get(`/tasks/${task.id}`)).state);
    return ['COMPLETED', 'FAILED', 'BLOCKED'].includes(state);
  }, PATIENCE);
  expect(state).toBe('COMPLETED');
  await expect(restored.cli('restore', file('stopped.tgz'))).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('run millwright down, or name another home'),
  });
  expect(existsSync(restored.layout.restoreFile)).toBe(false);
}, 900_000);
