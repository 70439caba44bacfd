import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBlobStore } from '../../infra/artifacts.js';
import { ProjectRepositories } from '../../infra/git/mirrors.js';
import { appendEvent } from '../../infra/pg/events.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { TestApi } from '../support/api/api.js';
import { commitTree, git } from '../support/api/git.js';
import { rowsOf, seedAgent, seedEpic, seedProject, seedRun, seedTask } from '../support/api/seed.js';
import { commandLine, type Ran } from '../support/cli/command-line.js';
import { until } from '../support/until.js';

let api: TestApi;
let millwright: (...argv: readonly string[]) => Promise<Ran>;
let projectId: string;

beforeAll(async () => {
  api = await TestApi.start();
  millwright = commandLine(api.url, api.keys.admin);
  projectId = await seedProject(api.database, { name: 'shop' });
});
afterAll(async () => {
  await api?.stop();
});

/** A step of a lifecycle as the store activities write it: row and event. */
const step = async (species: 'epic' | 'task', id: string, from: string, to: string, owner: object): Promise<void> => {
  await rowsOf(api.database, `UPDATE ${species} SET state = $2 WHERE id = $1`, [id, to]);
  await withTransaction(api.database.pools.writes, (tx) =>
    appendEvent(tx, { type: `${species}.state`, projectId, ...owner, data: { from, to, reason: 'as a test wants' } }),
  );
};

test('an epic is followed to its end in plain lines where there is no terminal', async () => {
  const epicId = await seedEpic(api.database, projectId);
  const watching = millwright('epic', 'watch', epicId);
  await step('epic', epicId, 'PLANNING', 'IN_PROGRESS', { epicId });
  await step('epic', epicId, 'IN_PROGRESS', 'COMPLETED', { epicId });
  const { exit, stdout, stderr } = await watching;
  expect([exit, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^ +\d+\.\ds {2}epic: PLANNING → IN_PROGRESS \(as a test wants\)\n/);
});

test('what a person is expected to do stands where it is asked for, and an ended epic is said at once', async () => {
  const epicId = await seedEpic(api.database, projectId, { title: 'Asking' });
  const taskId = await seedTask(api.database, projectId, { epic_id: epicId, title: 'Reach it' });
  const say = (type: string, data: Readonly<Record<string, unknown>>, owner: object = { epicId }) =>
    withTransaction(api.database.pools.writes, (tx) => appendEvent(tx, { type, projectId, ...owner, data }));
  await say('epic.phase', { phase: 'awaiting_approval' });
  await say('task.state', { from: 'IN_PROGRESS', to: 'BLOCKED', reason: 'a key is missing' }, { epicId, taskId });
  const mail = {
    mailId: '01a1ff31-0000-7000-8000-74dbf6c0b7f2',
    from: `task/${taskId}`,
    to: 'human/ada',
    needsAnswer: true,
  };
  await say('mail.sent', { ...mail, subject: 'Which?' });
  const watching = millwright('epic', 'watch', epicId);
  await step('epic', epicId, 'IN_PROGRESS', 'COMPLETED', { epicId });
  const { stdout } = await watching;
  expect(stdout).toContain(`epic: awaiting approval → millwright epic approve ${epicId.slice(-12)}\n`);
  expect(stdout).toContain(`BLOCKED (a key is missing) → millwright task show ${taskId.slice(-12)}\n`);
  expect(stdout).toContain('→ human ada: Which? → millwright mail read 74dbf6c0b7f2\n');
  expect((await millwright('epic', 'watch', epicId)).stdout).toMatch(
    /Which\? .*\n.*epic: IN_PROGRESS → COMPLETED .*\n$/,
  );
  await rowsOf(api.database, `DELETE FROM event WHERE stream_id = 'epic/' || $1`, [epicId]);
  expect((await millwright('epic', 'watch', epicId)).stdout).toMatch(/^ +[\d.]+s {2}Asking · COMPLETED\n$/);
});

test('under --json progress goes beside the one document', async () => {
  const epicId = await seedEpic(api.database, projectId);
  const watching = millwright('--json', 'epic', 'watch', epicId);
  await step('epic', epicId, 'PLANNING', 'CANCELLED', { epicId });
  const { exit, stdout, stderr } = await watching;
  expect([exit, JSON.parse(stdout).state]).toEqual([1, 'CANCELLED']);
  expect(stderr).toMatch(/epic: PLANNING → CANCELLED .*\nThe epic ended CANCELLED\.\n$/);
});

const theTask = async (title: string): Promise<string> => {
  const find = () => rowsOf<{ id: string }>(api.database, 'SELECT id FROM task WHERE title = $1', [title]);
  await until(async () => (await find()).length > 0);
  return (await find())[0]?.id ?? '';
};

test('run files a task of its own and waits for its end', async () => {
  const running = millwright('--json', 'run', 'Mend the typo\n\nIn README.', '--project', 'shop');
  const taskId = await theTask('Mend the typo');
  await step('task', taskId, 'IN_PROGRESS', 'COMPLETED', { taskId });
  const { exit, stdout } = await running;
  expect([exit, JSON.parse(stdout)]).toMatchObject([
    0,
    { id: taskId, state: 'COMPLETED', description: 'Mend the typo\n\nIn README.' },
  ]);
});

test('a task that fails fails its command, with the reason', async () => {
  const running = millwright('run', 'Try it', '--project', 'shop', '--title', 'A hard one');
  const taskId = await theTask('A hard one');
  await rowsOf(api.database, `UPDATE task SET failure_reason = 'checks stayed red' WHERE id = $1`, [taskId]);
  await step('task', taskId, 'IN_PROGRESS', 'FAILED', { taskId });
  expect(await running).toMatchObject({ exit: 1, stderr: 'The task ended FAILED: checks stayed red\n' });
});

test('run --detach answers as soon as the task is accepted', async () => {
  const { exit, stdout } = await millwright('--json', 'run', 'Later', '--project', 'shop', '--detach');
  expect([exit, JSON.parse(stdout)]).toMatchObject([0, { title: 'Later', state: 'PENDING' }]);
});

test('a diff is printed as git prints it, and its absence said', async () => {
  const { dir } = await new ProjectRepositories(git, join(api.directory, 'home/mirrors')).ensure(projectId);
  const base = await commitTree(dir, { 'a.txt': 'one\n' }, []);
  const head = await commitTree(dir, { 'a.txt': 'one\ntwo\n' }, [base]);
  const task = await seedTask(api.database, projectId, { base_sha: base, head_sha: head });
  const { stdout } = await millwright('task', 'diff', task);
  expect(stdout).toMatch(/^diff --git a\/a\.txt b\/a\.txt\n[\s\S]*\n\+two\n$/);
  const fresh = await seedTask(api.database, projectId);
  expect((await millwright('task', 'diff', fresh)).stdout).toBe('The task has not changed anything yet.\n');
});

test('logs are those of checks and runs', async () => {
  const agentId = await seedAgent(api.database, 'anthropic-worker');
  const task = await seedTask(api.database, projectId);
  expect((await millwright('task', 'logs', task)).stdout).toBe('No check and no run yet.\n');
  const logRef = await createBlobStore(api.database.pools.writes, join(api.directory, 'home/artifacts')).put(
    '1 failing\n',
  );
  await rowsOf(
    api.database,
    `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, log_ref, build_id, expires_at)
     VALUES (gen_random_uuid(), $1, 'k', 'test', 't', 'failed', $2, $3, now() + interval '1 day')`,
    [projectId, logRef, `task/${task}/1`],
  );
  await seedRun(api.database, { projectId, agentId, taskId: task }, { state: 'completed', summary: 'Done.' });
  const { stdout } = await millwright('task', 'logs', task);
  expect(stdout).toMatch(/^── test · failed · \S+\n1 failing\n── execution by anthropic-worker · .*\nDone\.\n$/);
});
