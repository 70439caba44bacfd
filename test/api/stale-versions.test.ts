import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestApi } from '../support/api/api.js';
import { atOnce } from '../support/api/at-once.js';
import { seedAgent, seedEpic, seedProject, seedRun, seedTask } from '../support/api/seed.js';

let api: TestApi;
let projectId: string;

beforeAll(async () => {
  api = await TestApi.start();
  projectId = await seedProject(api.database);
});
afterAll(async () => {
  await api.stop();
});

const project = () => seedProject(api.database);
const epic = () => seedEpic(api.database, projectId);
const task = () => seedTask(api.database, projectId);
const failed = () => seedTask(api.database, projectId, { state: 'FAILED' });
const ofEpic = async () => seedTask(api.database, projectId, { state: 'FAILED', epic_id: await epic() });
const run = async () =>
  seedRun(api.database, { projectId, agentId: await seedAgent(api.database, `agent ${Math.random()}`) });

const TASKS = { tasks: [{ key: 'a', title: 'A', description: 'Do a.' }] };

/** No engine is there: whoever compared nothing would answer 503, or do what was asked. */
const COMMANDS: readonly (readonly [string, string, () => Promise<string>, object?])[] = [
  ['PATCH', 'projects/:id', project, { commitIdentity: 'Bot <bot@example.org>' }],
  ['POST', 'projects/:id/archive', project],
  ['POST', 'projects/:id/sync', project],
  ['PATCH', 'epics/:id', epic, { title: 'Changed' }],
  ['PUT', 'epics/:id/plan', epic, TASKS],
  ['POST', 'epics/:id/approve', epic, { planVersion: 1 }],
  ...['pause', 'resume', 'cancel', 'land', 'retry'].map((verb) => ['POST', `epics/:id/${verb}`, epic] as const),
  ['PATCH', 'tasks/:id', task, { title: 'Changed' }],
  ...['pause', 'resume', 'cancel'].map((verb) => ['POST', `tasks/:id/${verb}`, task] as const),
  ['POST', 'tasks/:id/retry', failed],
  ['POST', 'tasks/:id/retry', ofEpic],
  ...['pause', 'resume', 'stop'].map((verb) => ['POST', `runs/:id/${verb}`, run] as const),
];

test.each(COMMANDS)(
  '%s %s under an ETag of before is refused, and nothing is stored',
  async (method, path, make, body = {}) => {
    const id = await make();
    const before = await api.countRows();
    const { status, body: answer } = await api.call(method, `/api/v1/${path.replace(':id', id)}`, {
      body,
      headers: { 'if-match': '"9.0"' },
    });
    expect([status, answer.code]).toEqual([412, 'StaleVersion']);
    expect(await api.countRows()).toEqual(before);
  },
);

test.each([
  ['PATCH', 'projects/:id', project, { commitIdentity: 'Bot <bot@example.org>' }],
  ['POST', 'projects/:id/sync', project, {}],
  ['POST', 'projects/:id/archive', project, {}],
  ['PATCH', 'tasks/:id', task, { title: 'Changed' }],
  ['POST', 'tasks/:id/retry', failed, {}],
] as const)('%s %s under the ETag of now is done', async (method, path, make, body) => {
  const reply = await api.call(method, `/api/v1/${path.replace(':id', await make())}`, {
    body,
    headers: { 'if-match': '"1.0"' },
  });
  expect(reply.status).toBe(200);
});

test.each([
  ['projects', project, { commitIdentity: 'Bot <bot@example.org>' }],
  ['epics', epic, { title: 'Changed' }],
  ['tasks', task, { title: 'Changed' }],
] as const)(
  'of two changes of %s at once under the same ETag one is done and the other is told',
  async (kind, make, body) => {
    const path = `/api/v1/${kind}/${await make()}`;
    const patch = () => api.call('PATCH', path, { body, headers: { 'if-match': '"1.0"' } });
    const replies = await atOnce(api.database, [patch, patch]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 412]);
  },
);
