import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { SEARCH_ATTRIBUTE } from '../../workflows/contract/search-attributes.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { TestApi } from '../support/api/api.js';
import {
  rowsOf,
  seedAgent,
  seedEntry,
  seedEpic,
  seedLane,
  seedMail,
  seedProject,
  seedRun,
  seedTask,
} from '../support/api/seed.js';
import type { Told } from '../support/api/stub-workflows.js';
import { commandLine, type Ran } from '../support/cli/command-line.js';
import { createTestTemporal } from '../support/temporal.js';
import { until } from '../support/until.js';

let temporal: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
let api: TestApi;
let millwright: (...argv: readonly string[]) => Promise<Ran>;
let projectId: string;

beforeAll(async () => {
  temporal = await createTestTemporal({ searchAttributes: Object.values(SEARCH_ATTRIBUTE) });
  worker = await Worker.create({
    connection: temporal.nativeConnection,
    taskQueue: QUEUE.shared,
    workflowsPath: join(import.meta.dirname, '../support/api/stub-workflows.ts'),
  });
  running = worker.run();
  api = await TestApi.start({ temporal: { address: temporal.address, namespace: 'default' } });
  millwright = commandLine(api.url, api.keys.admin);
  projectId = await seedProject(api.database, { name: 'shop' });
});
afterAll(async () => {
  await api?.stop();
  if (worker?.getState() === 'RUNNING') worker.shutdown();
  await running;
  await temporal?.teardown();
});

const start = (type: string, workflowId: string, input: object = {}) =>
  temporal.client.workflow.start(type, { workflowId, taskQueue: QUEUE.shared, args: [input] });

const toldTo = (workflowId: string): Promise<readonly Told[]> =>
  temporal.client.workflow.getHandle(workflowId).query<readonly Told[]>('told');

const PLAN = JSON.stringify({
  tasks: [
    { key: 'a', title: 'First' },
    { key: 'b', title: 'Second', dependsOn: [{ key: 'a' }] },
  ],
});

const file = (name: string, text: string): string => {
  const path = join(api.directory, name);
  writeFileSync(path, text);
  return path;
};

test.each([
  ['land', 'land'],
  ['pause', 'pause'],
  ['resume', 'resume'],
  ['retry', 'retryFailed'],
])('epic %s tells the epic and shows how it stands', async (verb, name) => {
  const epic = await seedEpic(api.database, projectId, { revision: 3 });
  await start('epic', `epic/${epic}`);
  const { exit, stdout, stderr } = await millwright('epic', verb, epic, '--reason', 'Because.');
  expect([exit, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^state +IN_PROGRESS$/m);
  expect(stdout).toMatch(/^waits for +a test$/m);
  // What is empty is not shown.
  expect(/^paused by.*$/m.exec(stdout)?.[0]).toBe(verb === 'pause' ? 'paused by    person' : undefined);
  expect(await toldTo(`epic/${epic}`)).toEqual([{ name, command: { by: 'ada', reason: 'Because.' } }]);
});

test.each(['pause', 'resume'])('task %s tells the task', async (verb) => {
  const task = await seedTask(api.database, projectId, { revision: 3 });
  await start('task', `task/${task}`);
  const { exit, stdout } = await millwright('--json', 'task', verb, task);
  expect([exit, JSON.parse(stdout).state]).toEqual([0, 'IN_PROGRESS']);
  expect(await toldTo(`task/${task}`)).toEqual([{ name: verb, command: { by: 'ada' } }]);
});

test.each(['pause', 'resume', 'stop'])('runs %s tells the run', async (verb) => {
  const agentId = await seedAgent(api.database, `agent-${verb}`);
  const run = await seedRun(api.database, { projectId, agentId });
  await start('agentRun', `run/${run}`);
  const { exit, stdout } = await millwright('--json', 'runs', verb, run.slice(-12), '--reason', 'Because.');
  expect([exit, JSON.parse(stdout)]).toMatchObject([0, { id: run, pausedBy: verb === 'pause' ? ['person'] : [] }]);
  expect(await toldTo(`run/${run}`)).toEqual([{ name: verb, command: { by: 'ada', reason: 'Because.' } }]);
});

test('a run that has ended takes no command', async () => {
  const agentId = await seedAgent(api.database, 'agent-ended');
  const run = await seedRun(api.database, { projectId, agentId }, { state: 'stopped' });
  expect(await millwright('runs', 'resume', run)).toEqual({
    exit: 1,
    stdout: '',
    stderr: 'The run has ended. (InvalidState)\n',
  });
});

test.each(['epic', 'task'])('%s cancel ends it', async (species) => {
  const id = await (species === 'epic' ? seedEpic : seedTask)(api.database, projectId, { revision: 3 });
  const handle = await start(species, `${species}/${id}`);
  const { exit, stdout } = await millwright(species, 'cancel', id.slice(-12));
  expect([exit, /^state +CANCELLED$/m.test(stdout)]).toEqual([0, true]);
  await handle.result();
});

test('a failed task of its own is started again', async () => {
  const task = await seedTask(api.database, projectId, { state: 'FAILED', failure_reason: 'checks stayed red' });
  const { exit, stdout } = await millwright('task', 'retry', task);
  expect([exit, /^attempt +2$/m.test(stdout)]).toEqual([0, true]);
});

test('what the workflow refuses is told in its words, as a problem under --json, with exit code 1', async () => {
  const epic = await seedEpic(api.database, projectId);
  await start('epic', `epic/${epic}`, { refusals: ['land'] });
  expect(await millwright('epic', 'land', epic)).toEqual({ exit: 1, stdout: '', stderr: 'Not now. (InvalidState)\n' });
  const { exit, stdout } = await millwright('--json', 'epic', 'land', epic);
  expect([exit, JSON.parse(stdout)]).toMatchObject([1, { status: 409, code: 'InvalidState', detail: 'Not now.' }]);
});

test('a plan is given, shown and approved', async () => {
  const epic = await seedEpic(api.database, projectId, { planner: 'given' });
  await start('epic', `epic/${epic}`);
  const given = await millwright('epic', 'plan', epic, file('plan.json', PLAN));
  expect(given.stdout).toMatch(
    /^version +1\nmade by +ada\norigin +given\n\nKEY +TITLE +AFTER\na +First\nb +Second +a\n$/,
  );
  expect(await millwright('epic', 'plan', epic)).toEqual(given);
  const { body } = await api.get(`/api/v1/epics/${epic}/plan`);
  expect(JSON.parse((await millwright('epic', 'plan', epic, '--json')).stdout)).toEqual(body);
  expect((await millwright('epic', 'approve', epic)).exit).toBe(0);
  expect((await millwright('epic', 'approve', epic, '--plan-version', '1')).exit).toBe(0);
  expect(await toldTo(`epic/${epic}`)).toEqual([
    { name: 'editPlan', command: { by: 'ada', planVersion: 1 } },
    { name: 'approvePlan', command: { by: 'ada', planVersion: 1 } },
    { name: 'approvePlan', command: { by: 'ada', planVersion: 1 } },
  ]);
});

test('an epic is filed with all that its options say', async () => {
  const { exit, stdout } = await millwright(
    ...['--json', 'epic', 'create', 'Invoices', '--project', 'shop', '--description-file', file('what.md', '# What')],
    ...['--plan', file('plan.yml', 'tasks: [{ key: a, title: A }]'), '--approval', 'plan', '--merge-target', 'base'],
    ...['--land', 'auto', '--overlap', 'allow', '--parallel', '4', '--budget', '12.50', '--priority', '1'],
  );
  expect([exit, JSON.parse(stdout)]).toMatchObject([
    0,
    {
      ...{ projectId, title: 'Invoices', description: '# What', approval: 'plan', mergeTarget: 'base', land: 'auto' },
      ...{ overlap: 'allow', maxParallelTasks: 4, budgetMicroUsd: 12_500_000, priority: 1 },
    },
  ]);
});

/** What the factory's inspection writes, once the project is there. */
const inspect = async (name: string, state: string, more = ''): Promise<void> => {
  const ready = (): Promise<readonly object[]> =>
    rowsOf(api.database, `UPDATE project SET state = $2 ${more} WHERE name = $1 AND state = 'importing' RETURNING id`, [
      name,
      state,
    ]);
  await until(async () => (await ready()).length > 0);
};

const source = (name: string): string => {
  const path = join(api.directory, name);
  mkdirSync(join(path, '.git'), { recursive: true });
  return path;
};

test('a project is added with its overrides, and the command ends when it is ready', async () => {
  const [ran] = await Promise.all([
    millwright(
      ...['project', 'add', source('added'), '--name', 'added', '--base', 'trunk', '--check', 'test=npm test -- --ci'],
      ...['--allow-setup-network'],
    ),
    inspect('added', 'ready'),
  ]);
  expect([ran.exit, /^state +ready$/m.test(ran.stdout)]).toEqual([0, true]);
  const shown = JSON.parse((await millwright('--json', 'project', 'show', 'added')).stdout);
  expect(shown).toMatchObject({
    baseBranch: 'trunk',
    overrides: { checks: [{ name: 'test', run: 'npm test -- --ci' }], setupNetwork: true },
  });
});

test('a project that is refused ends the command with exit code 1 and the reason', async () => {
  const [{ exit, stderr }] = await Promise.all([
    millwright('project', 'add', source('dim'), '--name', 'dim'),
    inspect('dim', 'refused', `, reason = 'It has no required check.'`),
  ]);
  expect([exit, stderr]).toEqual([1, 'It has no required check.\n']);
});

test('who has not committed the configuration yet is told so, instead of being offered checks', async () => {
  const path = source('uncommitted');
  writeFileSync(join(path, 'millwright.yml'), 'version: 1\n');
  const [{ stdout }] = await Promise.all([
    millwright('project', 'add', path, '--name', 'uncommitted'),
    inspect('uncommitted', 'refused', `, reason = 'It has no required check.', base_branch = 'main'`),
  ]);
  expect(stdout).toContain(`${path}/millwright.yml is not on the branch main: commit it, then millwright project sync`);
  expect(stdout).not.toContain('Proposed checks');
});

test('who has committed a wrong configuration is told to mend it, and nothing of a file that is not there', async () => {
  const path = source('wrong');
  writeFileSync(join(path, 'millwright.yml'), 'version: 2\n');
  const reason = 'millwright.yml:1:10: version must be 1.';
  const [{ exit, stdout, stderr }] = await Promise.all([
    millwright('project', 'add', path, '--name', 'wrong'),
    inspect('wrong', 'refused', `, reason = '${reason}', base_branch = 'main'`),
  ]);
  expect([exit, stderr]).toEqual([1, `${reason}\n`]);
  expect(stdout).toContain('Mend millwright.yml as it says, commit it on main, then millwright project sync wrong\n');
  expect(stdout).not.toMatch(/is not on the branch|Proposed checks/);
});

test('who has committed a configuration without checks is not told that it is not committed', async () => {
  const path = source('checkless');
  writeFileSync(join(path, 'millwright.yml'), 'version: 1\n');
  const config = JSON.stringify({ checks: [], hasFile: true });
  const [{ stdout }] = await Promise.all([
    millwright('project', 'add', path, '--name', 'checkless'),
    inspect(
      'checkless',
      'refused',
      `, reason = 'It has no required check.', base_branch = 'main', config = '${config}'`,
    ),
  ]);
  expect(stdout).not.toContain('is not on the branch');
});

test('the budget of an epic is changed, and shown with what was spent', async () => {
  const epicId = await seedEpic(api.database, projectId);
  const { exit, stdout } = await millwright('epic', 'budget', epicId, '12.50');
  expect([exit, stdout]).toEqual([0, expect.stringMatching(/^cost +\$0\.00 of \$12\.50$/m)]);
});

test('everything is held and let go', async () => {
  await start('factory', 'factory');
  const held = await millwright('pause', '--reason', 'an audit');
  expect([held.exit, held.stdout]).toEqual([
    0,
    'everything  is held by person\nlimits      5 epics and 10 workers at once\n',
  ]);
  expect((await millwright('thaw')).stdout).toContain('everything  goes on\n');
});

test('a project that was refused for want of a check is taken up by adding it again with one', async () => {
  const path = source('unchecked');
  const id = await seedProject(api.database, { name: 'unchecked', source: path, state: 'refused', overrides: '{}' });
  const [{ exit, stdout }] = await Promise.all([
    millwright('--json', 'project', 'add', path, '--check', 'test=npm test'),
    inspect('unchecked', 'ready'),
  ]);
  expect([exit, JSON.parse(stdout)]).toMatchObject([
    0,
    { id, state: 'ready', overrides: { checks: [{ name: 'test', run: 'npm test' }] } },
  ]);
});

test('a project is imported again', async () => {
  await seedProject(api.database, { name: 'again', source: source('again') });
  const [{ exit, stdout }] = await Promise.all([
    millwright('project', 'sync', 'again', '--json'),
    inspect('again', 'ready'),
  ]);
  expect([exit, JSON.parse(stdout).state]).toEqual([0, 'ready']);
});

const aQueue = async (): Promise<{ readonly name: string; readonly workflowId: string; readonly entry: string }> => {
  const id = await seedProject(api.database);
  await seedLane(api.database, id);
  const workflowId = `merge-queue/${id}/main`;
  await start('mergeQueue', workflowId, { projectId: id, branch: 'main' });
  return { name: id, workflowId, entry: await seedEntry(api.database, id) };
};

test('a lane is paused, drained and opened', async () => {
  const { name } = await aQueue();
  const paused = await millwright('queue', 'pause', name, '--reason', 'A release.');
  expect([paused.exit, paused.stdout]).toEqual([
    0,
    'branch     main\nmode       paused\npaused by  person\nreason     A release.\n',
  ]);
  const drained = await millwright('--json', 'queue', 'pause', name, 'main', '--reason', 'A release.', '--drain');
  expect(JSON.parse(drained.stdout).lane).toMatchObject({ mode: 'draining' });
  expect((await millwright('queue', 'open', name)).stdout).toMatch(/^mode +open$/m);
});

test('a lane is found by its own name and by what the forge calls the branch now', async () => {
  const { name, entry } = await aQueue();
  await rowsOf(api.database, `UPDATE project SET forge_base_branch = 'trunk' WHERE id = $1`, [name]);
  for (const branch of [[], ['main'], ['trunk']]) {
    const { exit, stdout } = await millwright('--json', 'queue', 'entries', name, ...branch);
    expect([exit, JSON.parse(stdout)]).toMatchObject([0, [{ id: entry }]]);
  }
  const paused = await millwright('queue', 'pause', name, 'trunk', '--reason', 'A release.');
  expect([paused.exit, paused.stdout]).toEqual([0, expect.stringMatching(/^branch +main\nmode +paused$/m)]);
});

test('an entry is found by the end of its id, explained, moved and withdrawn', async () => {
  const { workflowId, entry } = await aQueue();
  expect(await millwright('queue', 'why', entry.slice(-12))).toEqual({
    exit: 0,
    stdout: 'It waits for a slot.\n',
    stderr: '',
  });
  expect(JSON.parse((await millwright('queue', 'why', entry, '--json')).stdout)).toMatchObject({ state: 'queued' });
  expect((await millwright('queue', 'reprioritise', entry, 'urgent', '--reason', 'A fix.')).exit).toBe(0);
  const fix = ['reprioritise', entry, 'urgent', '--fixes-base', '--reason', 'It mends main.'];
  expect((await millwright('queue', ...fix)).exit).toBe(0);
  expect((await millwright('queue', 'withdraw', entry)).exit).toBe(0);
  expect(await toldTo(workflowId)).toMatchObject([
    { name: 'reprioritise', command: { entryId: entry, priority: 2, reason: 'A fix.' } },
    { name: 'reprioritise', command: { entryId: entry, priority: 2, fixesBase: true, reason: 'It mends main.' } },
    { name: 'withdraw', command: { entryId: entry } },
  ]);
});

test('mail is read and answered', async () => {
  const mail = await seedMail(api.database, projectId);
  const { stdout } = await millwright('mail', 'read', mail);
  expect(stdout).toMatch(/^from +agent\/anthropic-worker\nto +human\/mel\nsubject +Which port\?\n/);
  expect(stdout).toMatch(/\n\nThe README names two\.\n\nAnswer with: millwright mail reply [0-9a-f]{12} "…"\n$/);
  const sent = await millwright('--json', 'mail', 'reply', mail.slice(-12), '8080.');
  expect([sent.exit, JSON.parse(sent.stdout)]).toMatchObject([0, { inReplyTo: mail, body: '8080.' }]);
});
