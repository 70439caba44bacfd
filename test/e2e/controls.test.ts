import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Resource } from '../../cli/api-client.js';
import { makeRepository, treeOf } from '../support/e2e/history.js';
import { Instance } from '../support/e2e/instance.js';
import { toldAgentYml } from '../support/e2e/told-agent.js';
import { until } from '../support/until.js';

const FIRST = {
  'millwright.yml': 'version: 1\nchecks:\n  - name: whole\n    run: sh check.sh\n',
  'check.sh': 'test -s list\n',
  list: 'one\n',
};
const PATIENCE = { everyMs: 200, atMostMs: 8 * 60_000 };

let instance: Instance;
beforeAll(async () => {
  instance = await Instance.start({ hostYml: toldAgentYml });
}, 600_000);
afterAll(() => instance?.stop());

const projectNamed = (name: string): Promise<Resource> =>
  instance.addProject(makeRepository(join(instance.directory, name), FIRST), {
    name,
    overrides: { agents: { worker: { use: 'told' } } },
  });

const forgeOf = ({ id }: Resource): string => join(instance.layout.home, 'forge', `${id}.git`);

const branchesOf = (project: Resource): readonly string[] =>
  execFileSync('git', ['-C', forgeOf(project), 'for-each-ref', '--format=%(refname:short)'], { encoding: 'utf8' })
    .trim()
    .split('\n');

interface Told {
  readonly key: string;
  readonly does: string;
  readonly after?: readonly string[];
}

const fileEpic = (project: Resource, tasks: readonly Told[], options: object = {}): Promise<Resource> =>
  instance.api.post('/epics', {
    projectId: project.id,
    title: 'Do what is told',
    plan: {
      tasks: tasks.map(({ key, does, after = [] }) => ({
        key,
        title: key,
        description: does,
        dependsOn: after.map((one) => ({ key: one })),
      })),
    },
    ...options,
  });

async function untilTask(epic: Resource, key: string, condition: (task: Resource) => boolean): Promise<Resource> {
  let found: Resource = {};
  await until(async () => {
    const tasks = await instance.api.list(`/epics/${epic.id}/tasks`);
    found = tasks.find(({ planKey }) => planKey === key) ?? {};
    return condition(found);
  }, PATIENCE);
  return found;
}

/** Somebody who is not Millwright pushes to the base branch of its forge. */
function pushAsOutsider(project: Resource, { list }: { readonly list: string }): void {
  const clone = mkdtempSync(join(instance.directory, 'outsider-'));
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=O', '-c', 'user.email=o@x', ...args], { cwd: clone });
  git('clone', '--quiet', forgeOf(project), '.');
  writeFileSync(join(clone, 'list'), list);
  git('commit', '--quiet', '--all', '--message', 'Go another way');
  git('push', '--quiet', 'origin', 'main');
}

const isCompleted = ({ state }: Resource): boolean => state === 'COMPLETED';

test('a plan waits for its approval, and the epic for its landing', async () => {
  const project = await projectNamed('approved');
  const epic = await fileEpic(project, [{ key: 'only', does: 'write a 1' }], { approval: 'plan' });
  await instance.untilEpic(epic.id, ({ phase }) => phase === 'awaiting_approval');
  expect(await instance.api.list(`/epics/${epic.id}/tasks`)).toEqual([]);
  await expect(instance.cli('epic', 'approve', String(epic.id), '--plan-version', '7')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Version 1 waits for approval, not 7.'),
  });
  await instance.cli('epic', 'approve', String(epic.id));
  await instance.untilEpic(epic.id, ({ phase }) => phase === 'awaiting_merge');
  expect(Object.keys(treeOf(forgeOf(project), 'main'))).not.toContain('a');
  await instance.cli('epic', 'land', String(epic.id));
  await instance.untilEpic(epic.id, isCompleted);
  expect(treeOf(forgeOf(project), 'main')).toMatchObject({ a: '1\n' });
  expect(branchesOf(project)).toEqual(['main']);
}, 600_000);

test('a cancelled epic leaves no branch, tree, entry or work behind', async () => {
  const project = await projectNamed('cancelled');
  const epic = await fileEpic(project, [
    { key: 'done', does: 'write a 1' },
    { key: 'long', does: 'sleep 100\nwrite b 1', after: ['done'] },
    { key: 'never', does: 'write c 1', after: ['long'] },
  ]);
  await untilTask(epic, 'long', ({ state }) => state === 'IN_PROGRESS');
  await instance.cli('epic', 'cancel', String(epic.id));
  await instance.untilEpic(epic.id, ({ state }) => state === 'CANCELLED');
  const tasks = await instance.api.list(`/epics/${epic.id}/tasks`);
  expect(tasks.map(({ planKey, state }) => [planKey, state]).sort()).toEqual([
    ['done', 'COMPLETED'],
    ['long', 'CANCELLED'],
    ['never', 'CANCELLED'],
  ]);
  await until(() => branchesOf(project).length === 1, PATIENCE);
  await until(() => readdirSync(join(instance.layout.home, 'trees', 'live')).length === 0, PATIENCE);
  await expect(instance.cli('epic', 'resume', String(epic.id))).rejects.toMatchObject({ code: 1 });
}, 600_000);

test('a failed task blocks its epic until a person retries it', async () => {
  const project = await projectNamed('failed');
  const source = join(instance.directory, 'failed');
  const epic = await fileEpic(
    project,
    [
      { key: 'needs', does: 'need present\nwrite a 1' },
      { key: 'then', does: 'write b 1', after: ['needs'] },
    ],
    { land: 'auto', mergeTarget: 'base' },
  );
  const blocked = await instance.untilEpic(epic.id, ({ state }) => state === 'BLOCKED');
  expect(blocked).toMatchObject({ blockedReason: 'a task failed: “needs”' });
  expect(await untilTask(epic, 'then', () => true)).toMatchObject({ state: 'SKIPPED' });
  writeFileSync(join(source, 'present'), '');
  execFileSync('git', ['add', '--all'], { cwd: source });
  execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-qm', 'Add'], { cwd: source });
  await instance.cli('project', 'sync', 'failed');
  await instance.cli('epic', 'retry', String(epic.id));
  await instance.untilEpic(epic.id, isCompleted);
  expect(treeOf(forgeOf(project), 'main')).toMatchObject({ a: '1\n', b: '1\n' });
}, 600_000);

test('a run that a person stopped goes on when a person says so', async () => {
  const project = await projectNamed('stopped');
  const epic = await fileEpic(project, [{ key: 'slow', does: 'linger 100\nwrite a 1' }], { land: 'auto' });
  const task = await untilTask(epic, 'slow', ({ state }) => state === 'IN_PROGRESS');
  await until(async () => (await instance.api.list('/runs', { taskId: String(task.id) })).length > 0, PATIENCE);
  const [run] = await instance.api.list('/runs', { taskId: String(task.id) });
  await instance.api.post(`/runs/${run?.id}/stop`, { reason: 'the wrong way' });
  await untilTask(epic, 'slow', ({ state }) => state === 'BLOCKED');
  expect(await instance.api.get(`/runs/${run?.id}`)).toMatchObject({ state: 'stopped' });
  await until(async () => {
    const mail = await instance.api.list('/mail', { taskId: String(task.id) });
    return mail.some(({ to }) => (to as Resource).kind === 'human');
  }, PATIENCE);
  await instance.cli('task', 'resume', String(task.id));
  await instance.untilEpic(epic.id, isCompleted);
}, 600_000);

test('the first answer of a person sets the asker going, the second is told so', async () => {
  const project = await projectNamed('asked');
  const epic = await fileEpic(project, [{ key: 'asks', does: 'ask' }], { land: 'auto' });
  let question: Resource = {};
  await until(async () => {
    const mail = await instance.api.list('/mail', { epicId: String(epic.id), waiting: true });
    question = mail.find(({ subject }) => subject === 'Which colour?') ?? {};
    return question.id !== undefined;
  }, PATIENCE);
  await instance.cli('mail', 'reply', String(question.id), 'red');
  await expect(instance.cli('mail', 'reply', String(question.id), 'blue')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('answered already'),
  });
  await instance.untilEpic(epic.id, isCompleted);
  expect(treeOf(forgeOf(project), 'main')).toMatchObject({ answer: 'red\n' });
}, 600_000);

test('a base that moved under an epic is merged by a task of its own', async () => {
  const project = await projectNamed('moved');
  const epic = await fileEpic(project, [{ key: 'adds', does: 'append list two' }]);
  await instance.untilEpic(epic.id, ({ phase }) => phase === 'awaiting_merge');
  pushAsOutsider(project, { list: 'one\nthree\n' });
  await instance.cli('epic', 'land', String(epic.id));
  await instance.untilEpic(epic.id, isCompleted);
  expect(treeOf(forgeOf(project), 'main')).toMatchObject({ list: 'one\nthree\ntwo\n' });
  expect(branchesOf(project)).toEqual(['main']);
}, 600_000);

test('a base that somebody broke holds the lane red until it is mended', async () => {
  const project = await projectNamed('broken');
  pushAsOutsider(project, { list: '' });
  await instance.cli('run', 'write a 1', '--project', 'broken', '--detach');
  const mode = async () => (await instance.api.list('/queues')).find(({ projectId }) => projectId === project.id)?.mode;
  await until(async () => (await mode()) === 'red', PATIENCE);
  pushAsOutsider(project, { list: 'one\n' });
  await until(() => treeOf(forgeOf(project), 'main').a === '1\n', PATIENCE);
  await until(async () => (await mode()) === 'open', PATIENCE);
}, 600_000);

test('a paused queue lands nothing, says why, and goes on when it is opened', async () => {
  const project = await projectNamed('paused');
  await instance.cli('queue', 'pause', 'paused', '--reason', 'freeze');
  await instance.cli('run', 'write a 1', '--project', 'paused', '--detach');
  const entries = `/queues/${project.id}/main/entries`;
  await until(async () => (await instance.api.list(entries)).length === 1, PATIENCE);
  const [entry] = await instance.api.list(entries);
  await until(
    async () => (await instance.cli('queue', 'why', String(entry?.entryId ?? entry?.id))).includes('freeze'),
    PATIENCE,
  );
  expect(treeOf(forgeOf(project), 'main')).toEqual(FIRST);
  await instance.cli('queue', 'open', 'paused');
  await until(() => treeOf(forgeOf(project), 'main').a === '1\n', PATIENCE);
}, 600_000);

test('wrong usage exits with 2, a refusal with 1, each with a sentence', async () => {
  await expect(instance.cli('epic', 'create', 'x')).rejects.toMatchObject({ code: 2 });
  await expect(instance.cli('run', 'x', '--project', 'nobody')).rejects.toMatchObject({
    code: 1,
    stderr: 'There is no project named nobody.\n',
  });
  await expect(instance.cli('--json', 'epic', 'create', '', '--project', 'paused')).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('"code": "InvalidInput"'),
  });
});

test('the status says so while everything is paused', async () => {
  await instance.cli('pause');
  expect(await instance.cli('status')).toMatch(/^PAUSED +nothing starts or lands until millwright thaw/m);
  await instance.cli('thaw');
  expect(await instance.cli('status')).not.toContain('PAUSED');
});
