import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBlobStore } from '../../infra/artifacts.js';
import { ProjectRepositories } from '../../infra/git/mirrors.js';
import { TestApi } from '../support/api/api.js';
import { commitTree, git } from '../support/api/git.js';
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

let api: TestApi;
let projectId: string;
let agentId: string;

beforeAll(async () => {
  api = await TestApi.start();
  projectId = await seedProject(api.database);
  agentId = await seedAgent(api.database, 'anthropic-worker');
});
afterAll(async () => {
  await api.stop();
});

const blobs = () => createBlobStore(api.database.pools.writes, join(api.directory, 'home/artifacts'));

test('a lone task is accepted with its workflow start, on the base branch', async () => {
  const body = { projectId, title: 'Fix the typo', description: 'In README.', agent: 'anthropic-worker' };
  const { status, body: task } = await api.post('/api/v1/tasks', body, { key: api.keys.member });
  expect(status).toBe(201);
  expect(task).toMatchObject({
    epicId: null,
    targetBranch: 'main',
    attempts: 1,
    agent: 'anthropic-worker',
    createdBy: 'mel',
  });
  expect(task.branch).toBe(`millwright/fix-the-typo-${task.id.slice(-12)}`);
  const [start] = await rowsOf(api.database, 'SELECT name, args, options FROM outbox WHERE workflow_id = $1', [
    `task/${task.id}`,
  ]);
  expect(start).toMatchObject({
    name: 'task',
    args: [{ taskId: task.id, attempt: 1, tuning: 'brisk' }],
    options: { reuse: 'reject', staticSummary: 'Task: Fix the typo' },
  });
  expect((await api.post('/api/v1/tasks', { ...body, agent: 'nobody' })).status).toBe(400);
});

test("a task's words can be changed until it starts", async () => {
  const task = await seedTask(api.database, projectId);
  const patch = (body: object) => api.call('PATCH', `/api/v1/tasks/${task}`, { body });
  expect((await patch({ priority: 1, acceptance: ['npm test'] })).body).toMatchObject({
    title: 'A task',
    priority: 1,
    acceptance: ['npm test'],
    version: 2,
  });
  await rowsOf(api.database, `UPDATE task SET state = 'IN_PROGRESS' WHERE id = $1`, [task]);
  expect((await patch({ title: 'Too late' })).status).toBe(409);
});

test('a task waits for the answer from the moment that the question is there until it is answered', async () => {
  const task = await seedTask(api.database, projectId, { state: 'IN_PROGRESS' });
  const runId = await seedRun(api.database, { projectId, agentId, taskId: task });
  const waitingFor = async () => (await api.get(`/api/v1/tasks/${task}`)).body.waitingFor;
  expect(await waitingFor()).toBeNull();
  const mail = await seedMail(api.database, projectId, {
    from_kind: 'task',
    from_id: task,
    task_id: task,
    run_id: runId,
  });
  expect(await waitingFor()).toBe('an answer to its agent from mel');
  await rowsOf(api.database, `UPDATE task SET waiting_for = 'an answer to its agent' WHERE id = $1`, [task]);
  await rowsOf(api.database, `UPDATE mail SET to_kind = 'epic', to_id = 'e' WHERE id = $1`, [mail]);
  expect(await waitingFor()).toBe('an answer to its agent from its supervisor');
  await rowsOf(api.database, `UPDATE task SET waiting_for = NULL WHERE id = $1`, [task]);
  await rowsOf(api.database, `UPDATE mail SET answered_at = now() WHERE id = $1`, [mail]);
  expect(await waitingFor()).toBeNull();
});

test('a blocked task names whom its question is put to now', async () => {
  const waits = 'an answer to its question, or a person to resume it';
  const task = await seedTask(api.database, projectId, { state: 'BLOCKED' });
  await rowsOf(api.database, 'UPDATE task SET waiting_for = $2 WHERE id = $1', [task, waits]);
  const waitingFor = async () => (await api.get(`/api/v1/tasks/${task}`)).body.waitingFor;
  expect(await waitingFor()).toBe(waits); // the mail is not written yet
  const question = { from_kind: 'task', from_id: task, task_id: task, to_kind: 'epic', to_id: 'e' };
  const mail = await seedMail(api.database, projectId, question);
  expect(await waitingFor()).toBe('an answer from its supervisor, or a person to resume it');
  await rowsOf(api.database, `UPDATE mail SET to_kind = 'human', to_id = 'ada' WHERE id = $1`, [mail]);
  expect(await waitingFor()).toBe('an answer from ada, or a person to resume it');
  await rowsOf(api.database, `UPDATE task SET waiting_for = 'a person to resume it' WHERE id = $1`, [task]);
  expect(await waitingFor()).toBe('a person to resume it');
});

test('a task that cannot start yet names the tasks that it waits for', async () => {
  const epicId = await seedEpic(api.database, projectId);
  const seed = (title: string, state: string) => seedTask(api.database, projectId, { epic_id: epicId, title, state });
  const [first, second] = [await seed('Lay pipes', 'IN_PROGRESS'), await seed('Dig', 'BLOCKED')];
  const task = await seed('Fill up', 'PENDING');
  const wait = (on: string, type: string) =>
    rowsOf(api.database, 'INSERT INTO dependency (task_id, depends_on_task_id, type) VALUES ($1, $2, $3)', [
      task,
      on,
      type,
    ]);
  await wait(first, 'start_to_start');
  const waitingFor = async () => (await api.get(`/api/v1/tasks/${task}`)).body.waitingFor;
  expect(await waitingFor()).toBeNull();
  await wait(second, 'finish_to_start');
  expect(await waitingFor()).toBe('“Dig”');
  await rowsOf(api.database, `UPDATE dependency SET type = 'finish_to_start' WHERE task_id = $1`, [task]);
  expect(await waitingFor()).toMatch(/^“(Lay pipes|Dig)” and “(Dig|Lay pipes)”$/);
  await rowsOf(api.database, `UPDATE task SET state = 'COMPLETED' WHERE id = ANY($1)`, [[first, second]]);
  expect(await waitingFor()).toBeNull();
});

test('the diff of a task is its own change, after a rebase too', async () => {
  const id = await seedProject(api.database);
  const { dir } = await new ProjectRepositories(git, join(api.directory, 'home/mirrors')).ensure(id);
  const base = await commitTree(dir, { 'a.txt': 'one\n' }, []);
  const own = await commitTree(dir, { 'a.txt': 'one\ntwo\n' }, [base]);
  const task = await seedTask(api.database, id, { base_sha: base, head_sha: own });
  const { body } = await api.get(`/api/v1/tasks/${task}/diff`);
  expect(body.files).toEqual([{ status: 'M', path: 'a.txt', previousPath: null, added: 1, deleted: 0 }]);
  expect(body.diff).toContain('+two');
  const others = await commitTree(dir, { 'a.txt': 'one\n', 'b.txt': 'of another\n' }, [base]);
  const rebased = await commitTree(dir, { 'a.txt': 'one\ntwo\n', 'b.txt': 'of another\n' }, [own, others]);
  await rowsOf(api.database, 'UPDATE task SET head_sha = $2 WHERE id = $1', [task, rebased]);
  const after = await api.get(`/api/v1/tasks/${task}/diff`);
  expect(after.body.files.map(({ path }: { path: string }) => path)).toEqual(['a.txt']);
});

test('a task without a commit has an empty diff', async () => {
  const task = await seedTask(api.database, projectId);
  const { body } = await api.get(`/api/v1/tasks/${task}/diff`);
  expect(body).toEqual({ baseSha: null, headSha: null, files: [], diff: '', truncated: false });
  const begun = await seedTask(api.database, projectId, { base_sha: 'a'.repeat(40) });
  expect((await api.get(`/api/v1/tasks/${begun}/diff`)).body.files).toEqual([]);
});

test('the logs of a task are those of its own checks, of the queue with it, and of its runs', async () => {
  const task = await seedTask(api.database, projectId);
  const other = await seedTask(api.database, projectId);
  const logRef = await blobs().put('1 failing\n');
  const entry = await seedEntry(api.database, projectId, { task_id: task, branch: 'logs' });
  await rowsOf(
    api.database,
    `INSERT INTO queue_build (id, project_id, branch, head, members, "on", status, workflow_id)
     VALUES ('p9/1', $1, 'logs', 1, ARRAY[$2::uuid], '{}', 'failed', 'w')`,
    [projectId, entry],
  );
  for (const [key, build] of [
    ['k1', `task/${task}/1`],
    ['k2', 'p9/1'],
    ['k3', `task/${other}/1`],
  ]) {
    await rowsOf(
      api.database,
      `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, log_ref, build_id, expires_at)
       VALUES (gen_random_uuid(), $1, $2, 'test', 't', 'failed', $3, $4, now() + interval '1 day')`,
      [projectId, key, logRef, build],
    );
  }
  await seedRun(api.database, { projectId, agentId, taskId: task }, { state: 'completed', summary: 'Done.' });
  const { body } = await api.get(`/api/v1/tasks/${task}/logs`);
  expect(body.items.map(({ kind, title, text }: Record<string, string>) => [kind, title, text])).toEqual([
    ['check', 'test', '1 failing\n'],
    ['check', 'test', '1 failing\n'],
    ['run', 'execution by anthropic-worker', 'Done.'],
  ]);
});

test('of long logs the end is shown, of swept texts nothing, and of many logs the newest twenty', async () => {
  const task = await seedTask(api.database, projectId);
  const long = await blobs().put(`${'x'.repeat(70_000)}the end`);
  const swept = await blobs().put(`swept ${task}`);
  await rowsOf(api.database, 'DELETE FROM blob WHERE ref = $1', [swept]);
  const keep = (key: string, logRef: string) =>
    rowsOf(
      api.database,
      `INSERT INTO evidence (id, project_id, key, check_name, tree, outcome, log_ref, build_id, expires_at)
       VALUES (gen_random_uuid(), $1, $2, 'test', 't', 'failed', $3, $4, now() + interval '1 day')`,
      [projectId, `${task} ${key}`, logRef, `task/${task}/1`],
    );
  for (let at = 0; at < 21; at++) await keep(`${at}`, long);
  await keep('last', swept);
  const { body } = await api.get(`/api/v1/tasks/${task}/logs`);
  const texts: readonly string[] = body.items.map(({ text }: { text: string }) => text);
  expect(texts.map(({ length }) => length)).toEqual([0, 0, ...Array.from({ length: 19 }, () => 64 * 1024), 0]);
  expect(texts[2]).toMatch(/the end$/);
});

test('the transcript of a run is paged turn by turn, its texts read by reference', async () => {
  const promptRef = await blobs().put('Do it.');
  const sweptRef = await blobs().put(`swept ${projectId}`);
  await rowsOf(api.database, 'DELETE FROM blob WHERE ref = $1', [sweptRef]);
  const gone = await seedRun(api.database, { projectId, agentId }, { prompt_ref: sweptRef });
  expect((await api.get(`/api/v1/runs/${gone}/transcript`)).body).toMatchObject({ prompt: null, items: [] });
  const run = await seedRun(api.database, { projectId, agentId }, { prompt_ref: promptRef, turns: 3 });
  for (let seq = 0; seq < 3; seq++) {
    const reply = await blobs().put(JSON.stringify([{ type: 'text', text: `turn ${seq}` }]));
    await rowsOf(api.database, 'INSERT INTO turn (run_id, seq, response_ref) VALUES ($1, $2, $3)', [run, seq, reply]);
  }
  const first = await api.get(`/api/v1/runs/${run}/transcript?limit=2`);
  expect(first.body).toMatchObject({ prompt: 'Do it.', items: [{ seq: 0 }, { seq: 1 }] });
  expect(first.body.items[1].response).toEqual([{ type: 'text', text: 'turn 1' }]);
  const second = await api.get(`/api/v1/runs/${run}/transcript?limit=2&cursor=${first.body.nextCursor}`);
  expect(second.body).toMatchObject({ prompt: null, items: [{ seq: 2 }], nextCursor: null });
  expect((await api.get(`/api/v1/runs/${run}`)).body).toMatchObject({ agent: 'anthropic-worker', usage: { turns: 3 } });
});

test('agents are listed without what they run on the host', async () => {
  const { body } = await api.get('/api/v1/agents?role=worker');
  expect(body.items).toMatchObject([{ name: 'anthropic-worker', origin: 'default', state: 'IDLE' }]);
  expect(JSON.stringify(body)).not.toContain('secret-tool');
  expect((await api.get(`/api/v1/agents/${agentId}`)).body.name).toBe('anthropic-worker');
});

test('tool calls stand among the decisions, and paging passes over none of the same instant', async () => {
  const epic = await seedEpic(api.database, projectId);
  const run = await seedRun(api.database, { projectId, agentId }, { epic_id: epic });
  await rowsOf(
    api.database,
    `INSERT INTO decision (id, project_id, epic_id, kind, title, decision)
     SELECT gen_random_uuid(), $1, $2, 'decision', 'd' || n, 'x' FROM generate_series(1, 5) n`,
    [projectId, epic],
  );
  await rowsOf(
    api.database,
    `INSERT INTO claim (run_id, turn, call_id, tool, fence, state) VALUES ($1, 0, 'model', 'model', 'f', 'done'),
     ($1, 0, 'c1', 'run_command', 'f', 'done'), ($1, 0, 'c2', 'edit_file', 'f', 'error')`,
    [run],
  );
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { items: { title: string }[]; nextCursor: string | null } = (
      await api.get(`/api/v1/decisions?epicId=${epic}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
    ).body;
    seen.push(...page.items.map(({ title }) => title));
    cursor = page.nextCursor;
  }
  expect(seen.toSorted()).toEqual(['d1', 'd2', 'd3', 'd4', 'd5', 'edit_file', 'run_command']);
  const { body } = await api.get(`/api/v1/decisions?epicId=${epic}&kind=tool_error`);
  expect(body.items).toMatchObject([{ kind: 'tool_error', title: 'edit_file', by: 'anthropic-worker' }]);
});

test('the cost of an epic is summed over its tasks and what was planned', async () => {
  const epic = await seedEpic(api.database, projectId);
  const task = await seedTask(api.database, projectId, { epic_id: epic, title: 'Costly' });
  const run = await seedRun(api.database, { projectId, agentId });
  await rowsOf(
    api.database,
    `INSERT INTO usage_ledger (run_id, turn, attempt, task_id, epic_id, project_id, model, state, input_tokens, cost_micro_usd)
     VALUES ($1, 0, 1, NULL, $2, $3, 'm1', 'settled', 10, 100), ($1, 1, 1, $4, $2, $3, 'm1', 'settled', 20, 200),
            ($1, 2, 1, $4, $2, $3, 'm2', 'lost', 5, 50), ($1, 3, 1, $4, $2, $3, 'm2', 'reserved', 9, 900)`,
    [run, epic, projectId, task],
  );
  const { body } = await api.get(`/api/v1/epics/${epic}/cost`);
  expect(body).toMatchObject({ budgetMicroUsd: 50_000_000, calls: 3, inputTokens: 35, costMicroUsd: 350 });
  expect(body.tasks).toMatchObject([
    { taskId: null, calls: 1, models: ['m1'], costMicroUsd: 100 },
    { taskId: task, taskTitle: 'Costly', calls: 2, models: ['m1', 'm2'], costMicroUsd: 250 },
  ]);
});

test('what an admin switched off is said with everything of the project, and nothing of others', async () => {
  const overrides = JSON.stringify({ sandbox: 'none', checks: 'none', setupNetwork: true });
  const bare = await seedProject(api.database, { overrides });
  const epic = await seedEpic(api.database, bare);
  const task = await seedTask(api.database, bare);
  const run = await seedRun(api.database, { agentId, projectId: bare });
  await seedLane(api.database, bare);
  const caveats = [
    'sandbox: none: agents, checks and setup run UNPROTECTED on this host, as an admin allowed',
    'checks: none: NOTHING IS CHECKED before it lands, as an admin allowed',
    'setup may reach the network, in a sandbox without secrets',
  ];
  for (const path of [`projects/${bare}`, `epics/${epic}`, `tasks/${task}`, `runs/${run}`])
    expect((await api.get(`/api/v1/${path}`)).body).toMatchObject({ caveats });
  expect((await api.get(`/api/v1/queues?projectId=${bare}`)).body.items).toMatchObject([{ caveats }]);
  const { body } = await api.get(`/api/v1/tasks/${await seedTask(api.database, projectId)}`);
  expect([body.caveats, body.overrides]).toEqual([[], undefined]);
});

test('the queues of ended epics are no longer listed, those of open ones and of branches are', async () => {
  const project = await seedProject(api.database);
  for (const [branch, state] of [
    ['millwright/epic/done', 'COMPLETED'],
    ['millwright/epic/over', 'CANCELLED'],
    ['millwright/epic/open', 'IN_PROGRESS'],
  ] as const) {
    await seedEpic(api.database, project, { branch, state });
    await seedLane(api.database, project, { branch });
  }
  await seedLane(api.database, project, { branch: 'main' });
  const { body } = await api.get(`/api/v1/queues?projectId=${project}`);
  expect(body.items.map(({ branch }: { readonly branch: string }) => branch)).toEqual(['main', 'millwright/epic/open']);
});
