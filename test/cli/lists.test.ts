import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
import { commandLine, type Ran } from '../support/cli/command-line.js';

let api: TestApi;
let millwright: (...argv: readonly string[]) => Promise<Ran>;
let projectId: string;
let epicId: string;
let taskId: string;
let mailId: string;
let entryId: string;
let runId: string;

beforeAll(async () => {
  api = await TestApi.start();
  millwright = commandLine(api.url, api.keys.admin);
});
afterAll(async () => {
  await api?.stop();
});

test.each([
  [['project', 'list'], 'No project yet. Add one: millwright project add <path>'],
  [['epic', 'list'], 'No epic yet.'],
  [['task', 'list'], 'No task yet.'],
  [['runs'], 'No run yet.'],
  [['queue'], 'No queue yet.'],
  [['mail'], 'No mail.'],
  [['decisions'], 'No decision yet.'],
  [['agents'], 'No agent is registered: is a worker running?'],
])('%p says that there is nothing, and prints an empty list under --json', async (argv, sentence) => {
  expect(await millwright(...argv)).toEqual({ exit: 0, stdout: `${sentence}\n`, stderr: '' });
  expect(await millwright('--json', ...argv)).toEqual({ exit: 0, stdout: '[]\n', stderr: '' });
});

const end = (id: string): string => id.slice(-12);

/** Cells of a table: heads, then each row. */
const cells = ({ stdout }: Ran): readonly (readonly string[])[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));

describe('with rows', () => {
  beforeAll(async () => {
    projectId = await seedProject(api.database, { name: 'shop', source: '/srv/shop' });
    const agentId = await seedAgent(api.database, 'anthropic-worker');
    epicId = await seedEpic(api.database, projectId, { title: 'Invoices', waiting_for: 'a person to land it' });
    taskId = await seedTask(api.database, projectId, {
      epic_id: epicId,
      plan_key: 'csv',
      title: 'Write CSV',
      pr_number: 3,
      waiting_for: 'a slot',
    });
    runId = await seedRun(
      api.database,
      { projectId, agentId, taskId },
      { epic_id: epicId, state: 'paused', paused_by: ['budget'], turns: 4, cost_micro_usd: 1_250_000 },
    );
    mailId = await seedMail(api.database, projectId, { epic_id: epicId });
    await seedLane(api.database, projectId, { mode: 'paused', reason: 'a release' });
    entryId = await seedEntry(api.database, projectId, { state: 'ejected', reason: 'red' });
    await rowsOf(
      api.database,
      `INSERT INTO decision (id, project_id, epic_id, kind, title, decision, by, created_at)
     VALUES (gen_random_uuid(), $1, $2, 'decision', 'Rounding', 'Away from zero.', 'anthropic-supervisor', '2026-01-02T03:04:05Z')`,
      [projectId, epicId],
    );
  });

  test('each list is a table with what people look for', async () => {
    expect(cells(await millwright('project', 'list'))).toEqual([
      ['NAME', 'STATE', 'BASE', 'SOURCE', 'REASON'],
      ['shop', 'ready', 'main', '/srv/shop'],
    ]);
    expect(cells(await millwright('epic', 'list', '--project', 'shop'))).toEqual([
      ['ID', 'STATE', 'PHASE', 'TITLE', 'WAITS FOR'],
      [end(epicId), 'PLANNING', 'planning', 'Invoices', 'a person to land it'],
    ]);
    expect(cells(await millwright('task', 'list', '--epic', end(epicId)))).toEqual([
      ['ID', 'KEY', 'STATE', 'TRY', 'PR', 'TITLE', 'WAITS FOR'],
      [end(taskId), 'csv', 'PENDING', '1', '#3', 'Write CSV', 'a slot'],
    ]);
    expect(cells(await millwright('runs', '--task', end(taskId)))).toEqual([
      ['ID', 'KIND', 'STATE', 'PAUSED BY', 'AGENT', 'TASK', 'TRY', 'TURNS', 'COST', 'STARTED'],
      [end(runId), 'execution', 'paused', 'budget', 'anthropic-worker', end(taskId), '1', '4', '$1.25'],
    ]);
    expect(cells(await millwright('mail', '--waiting'))).toEqual([
      ['ID', 'AT', 'FROM', 'TO', 'KIND', 'SUBJECT', 'ANSWER'],
      [
        end(mailId),
        expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d$/),
        'agent/anthropic-worker',
        'human/mel',
        'question',
        'Which port?',
        'WAITS',
      ],
    ]);
    expect(cells(await millwright('queue'))).toEqual([
      ['PROJECT', 'BRANCH', 'MODE', 'ENTRIES', 'REASON', 'CAVEAT'],
      ['shop', 'main', 'paused', '0', 'a release'],
    ]);
    expect(cells(await millwright('queue', 'entries', 'shop'))).toEqual([
      ['ID', 'PR', 'STATE', 'TITLE', 'REASON'],
      [end(entryId), '#7', 'ejected', 'A change', 'red'],
    ]);
    expect(cells(await millwright('decisions', '--epic', epicId))).toEqual([
      ['AT', 'KIND', 'BY', 'TITLE', 'DECISION'],
      ['03:04:05', 'decision', 'anthropic-supervisor', 'Rounding', 'Away from zero.'],
    ]);
    expect(cells(await millwright('agents'))).toEqual([
      ['NAME', 'ROLE', 'BACKEND', 'MODEL', 'STATE'],
      ['anthropic-worker', 'worker', 'anthropic', 'claude-sonnet-5-5', 'IDLE'],
    ]);
  });

  test('filters leave out what does not fit', async () => {
    expect((await millwright('epic', 'list', '--state', 'COMPLETED')).stdout).toBe('No epic yet.\n');
    expect((await millwright('task', 'list', '--project', 'shop', '--state', 'FAILED')).stdout).toBe('No task yet.\n');
    expect((await millwright('runs', '--epic', epicId, '--state', 'failed')).stdout).toBe('No run yet.\n');
    expect((await millwright('decisions', '--task', taskId)).stdout).toBe('No decision yet.\n');
    expect((await millwright('decisions', '--kind', 'verdict')).stdout).toBe('No decision yet.\n');
  });

  test.each([
    [['project', 'list'], '/projects'],
    [['epic', 'list'], '/epics'],
    [['task', 'list'], '/tasks'],
    [['runs'], '/runs'],
    [['mail', '--all'], '/mail'],
    [['queue'], '/queues'],
    [['decisions'], '/decisions'],
    [['agents'], '/agents'],
  ])("%p prints the API's own items under --json, before or after the command", async (argv, path) => {
    const { body } = await api.get(`/api/v1${path}`);
    expect(body.items).not.toEqual([]);
    expect(JSON.parse((await millwright('--json', ...argv)).stdout)).toEqual(body.items);
    expect(JSON.parse((await millwright(...argv, '--json')).stdout)).toEqual(body.items);
  });

  test('a list longer than a page is printed whole, and --limit cuts it', async () => {
    await rowsOf(
      api.database,
      `INSERT INTO decision (id, epic_id, project_id, kind, title, decision)
     SELECT gen_random_uuid(), NULL, $1, 'recovery', 'n' || n, 'd' FROM generate_series(1, 450) AS n`,
      [projectId],
    );
    const rows = async (limit: string): Promise<number> =>
      JSON.parse((await millwright('--json', 'decisions', '--kind', 'recovery', '--limit', limit)).stdout).length;
    expect([await rows('1000'), await rows('201'), await rows('3')]).toEqual([450, 201, 3]);
  });

  test('one thing is shown by its id or by the end of it', async () => {
    const shown = await millwright('task', 'show', taskId);
    expect(shown.stdout).toMatch(/^id +.*\ntitle +Write CSV\nstate +PENDING\nattempt +1\n/);
    expect(await millwright('task', 'show', end(taskId))).toEqual(shown);
    const { body } = await api.get(`/api/v1/tasks/${taskId}`);
    expect(JSON.parse((await millwright('task', 'show', taskId, '--json')).stdout)).toEqual(body);
  });

  test('a run is shown with what it has used', async () => {
    const { stdout } = await millwright('runs', 'show', end(runId));
    expect(stdout).toMatch(/^state +paused\npaused by +budget\nagent +anthropic-worker$/m);
    expect(stdout).toMatch(/^turns +4\ntokens +0 in, 0 cached, 0 out\ncost +\$1\.25$/m);
  });

  test('an epic is shown with its tasks', async () => {
    const { stdout } = await millwright('epic', 'show', epicId);
    expect(stdout).toContain('waits for    a person to land it');
    expect(stdout).toMatch(/csv +PENDING +1 +#3 +Write CSV/);
    const { body } = await api.get(`/api/v1/epics/${epicId}`);
    expect(JSON.parse((await millwright('--json', 'epic', 'show', epicId)).stdout)).toEqual(body);
  });

  test('a project is shown with the line that fetches its result', async () => {
    const { stdout } = await millwright('project', 'show', 'shop');
    expect(stdout).toMatch(/^name +shop\n/);
    expect(stdout).toMatch(/^forge +local: a copy in the home, its source is only read$/m);
    expect(stdout).toMatch(/fetch result +git pull .*forge.* main\n/);
  });

  test('proposed checks are listed with the option that accepts them', async () => {
    const proposals = [{ from: 'package.json', checks: [{ name: 'test', run: 'npm test' }] }];
    const config = JSON.stringify({ checks: [] });
    await seedProject(api.database, { name: 'bare', state: 'refused', config, proposals: JSON.stringify(proposals) });
    const { stdout } = await millwright('project', 'show', 'bare');
    expect(stdout).toMatch(/accept with --accept-checks.*\n {2}test: npm test\n$/);
  });

  test('a project that runs unprotected says so aloud', async () => {
    await seedProject(api.database, { name: 'unsafe', overrides: JSON.stringify({ sandbox: 'none', checks: 'none' }) });
    const { stdout } = await millwright('project', 'show', 'unsafe');
    expect(stdout).toMatch(/sandbox +NONE: commands run unprotected on this host/);
  });
});
