import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
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
import { until } from '../support/until.js';

const FIRST = {
  'millwright.yml': 'version: 1\nchecks:\n  - name: whole\n    run: sh check.sh\n',
  'check.sh': 'for name in $(cat index); do test -f "$name" || { echo "$name is missing"; exit 1; }; done\n',
  index: 'README\n',
  README: 'A repository whose history is known.\n',
};

const module = (key: string, after: readonly string[] = []): Change => ({
  key,
  after,
  files: { [`lib/${key}`]: `${key}\n`, [`test/${key}`]: `proves ${key}\n` },
});

/** A diamond, a chain, and independent work. */
const CHANGES: readonly Change[] = [
  module('base'),
  module('left', ['base']),
  module('right', ['base']),
  module('top', ['left', 'right']),
  module('alone'),
  module('chain-1'),
  module('chain-2', ['chain-1']),
  { key: 'index', after: ['top', 'chain-2', 'alone'], files: { index: 'README\nlib/alone\nlib/base\nlib/top\n' } },
];

const planOf = (changes: readonly Change[]) => ({
  tasks: changes.map(({ key, after, files }) => ({
    key,
    title: key,
    description: `Write what ${key} needs.`,
    predictedFiles: Object.keys(files),
    dependsOn: after.map((one) => ({ key: one })),
  })),
});

let instance: Instance;
beforeAll(async () => {
  instance = await Instance.start({
    prepare: (directory) => void writeChanges(directory, CHANGES),
    hostYml: agentHostYml,
  });
}, 600_000);
afterAll(() => instance?.stop());

const prsPerTask = async (epicId: unknown): Promise<readonly unknown[]> => {
  const tasks = await instance.api.list(`/epics/${epicId}/tasks`);
  return tasks.map(({ planKey, state, prNumber }) => ({ planKey, state, hasPr: typeof prNumber === 'number' }));
};

const allLanded = CHANGES.map(({ key }) => ({ planKey: key, state: 'COMPLETED', hasPr: true }));

test('an epic ends with exactly the tree of the known history, one merge per task', async () => {
  const repository = makeRepository(join(instance.directory, 'quiet'), FIRST);
  const project = await instance.addProject(repository, {
    name: 'quiet',
    overrides: { agents: { worker: { use: 'replay' } } },
  });
  expect(project).toMatchObject({ state: 'ready' });
  const epic = await instance.api.post('/epics', {
    projectId: project.id,
    title: 'Replay a history',
    plan: planOf(CHANGES),
    land: 'auto',
  });
  const ended = await instance.untilEpic(epic.id, ({ state }) => state === 'COMPLETED' || state === 'BLOCKED');
  expect(ended).toMatchObject({ state: 'COMPLETED', waitingFor: null });
  expect(await prsPerTask(epic.id)).toEqual(allLanded);
  await fetchResult(repository, String((await instance.api.get(`/projects/${project.id}`)).pullCommand));
  expect(treeOf(repository, 'main')).toEqual(finalTree(FIRST, CHANGES));
  // The epic lands as one merge; each task was one merge on its branch.
  expect(firstParents(repository)).toHaveLength(2);
}, 600_000);

test('killing worker, API, PostgreSQL and Temporal once each changes nothing but the time it takes', async () => {
  const repository = makeRepository(join(instance.directory, 'rough'), FIRST);
  const project = await instance.addProject(repository, {
    name: 'rough',
    overrides: { agents: { worker: { use: 'replay' } } },
  });
  const epic = await instance.api.post('/epics', {
    projectId: project.id,
    title: 'Replay a history under fire',
    plan: planOf(CHANGES),
    land: 'auto',
  });
  await instance.untilEpic(epic.id, ({ state }) => state === 'IN_PROGRESS');
  for (const part of ['worker', 'api', 'postgres', 'temporal'] as const) {
    await instance.kill(part);
    // The next one dies when this one is answered for again.
    await until(() => instance.isReady(), { everyMs: 200, atMostMs: 300_000 });
  }
  const ended = await instance.untilEpic(epic.id, ({ state }) => state === 'COMPLETED' || state === 'BLOCKED');
  expect(ended).toMatchObject({ state: 'COMPLETED', waitingFor: null });
  expect(await prsPerTask(epic.id)).toEqual(allLanded);
  await fetchResult(repository, String((await instance.api.get(`/projects/${project.id}`)).pullCommand));
  expect(treeOf(repository, 'main')).toEqual(finalTree(FIRST, CHANGES));
  expect(firstParents(repository)).toHaveLength(2);
}, 900_000);
