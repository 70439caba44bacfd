import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ApiClient, type Resource } from '../../cli/api-client.js';
import { requireTeam, untilTeamFound } from '../../cli/commands/linear-link.js';
import { NO_LINEAR } from '../../infra/config/linear.js';
import { TestApi } from '../support/api/api.js';
import { rowsOf, seedProject } from '../support/api/seed.js';
import { commandLine, type Ran } from '../support/cli/command-line.js';
import { until } from '../support/until.js';

const TEAM = '0b5d1a3e-7a43-4c1c-9f63-222222222222';

let api: TestApi;
let millwright: (...argv: readonly string[]) => Promise<Ran>;

beforeAll(async () => {
  api = await TestApi.start({ linear: { ...NO_LINEAR, access: 'key' } });
  millwright = commandLine(api.url, api.keys.admin);
});
afterAll(async () => {
  await api?.stop();
});
beforeEach(async () => {
  await rowsOf(api.database, 'TRUNCATE project, outbox CASCADE');
});

/** As the worker does that looks for the team. */
async function look(found: { readonly id?: string; readonly problem?: string }): Promise<void> {
  const isLinked = async (): Promise<boolean> =>
    (await rowsOf(api.database, 'SELECT 1 FROM project WHERE linear_team_key IS NOT NULL')).length > 0;
  await until(isLinked);
  await rowsOf(api.database, 'UPDATE project SET linear_team_id = $1, linear_problem = $2', [
    found.id ?? null,
    found.problem ?? null,
  ]);
}

test('project link waits until the team was found, and says whose issues are taken', async () => {
  await seedProject(api.database, { name: 'shop' });
  const [{ exit, stdout, stderr }] = await Promise.all([
    millwright('project', 'link', 'shop', '--linear', 'eng'),
    look({ id: TEAM }),
  ]);
  expect([exit, stderr]).toEqual([0, '']);
  expect(stdout).toContain('Looking for the team at Linear …');
  expect(stdout).toMatch(/^issues from +Linear, team ENG$/m);
  expect(stdout).not.toContain('LINEAR');
  const shown = await millwright('--json', 'project', 'show', 'shop');
  expect(JSON.parse(shown.stdout).linear).toEqual({ team: 'ENG', isFound: true, problem: null });
});

test('a team that Linear does not show fails the command with what is wrong, and the next step', async () => {
  await seedProject(api.database, { name: 'shop' });
  const problem = 'Linear shows us no team with the key NOPE.';
  const [{ exit, stdout, stderr }] = await Promise.all([
    millwright('project', 'link', 'shop', '--linear', 'NOPE'),
    look({ problem }),
  ]);
  expect([exit, stderr.trim()]).toEqual([1, `${problem} See millwright doctor.`]);
  expect(stdout).toMatch(/^LINEAR +Linear shows us no team with the key NOPE\.$/m);
});

/** As the command line has it; counts how often it looked. */
class CountingClient extends ApiClient {
  looks = 0;
  override get<T>(...asked: Parameters<ApiClient['get']>): Promise<T> {
    this.looks += 1;
    return super.get<T>(...asked);
  }
}

test('where no worker looks for the team the waiting ends, and the project is answered as it is', async () => {
  const id = await seedProject(api.database, { name: 'shop', linear_team_key: 'ENG' });
  const client = new CountingClient(api.url, api.keys.admin);
  const said: string[] = [];
  const project = await client.get<Resource>(`/projects/${id}`);
  client.looks = 0;
  const looked = await untilTeamFound(client, project, (text) => said.push(text), 600);
  expect([client.looks, said, looked.linear]).toEqual([
    2,
    ['Looking for the team at Linear …'],
    { team: 'ENG', isFound: false, problem: null },
  ]);
  expect(() => requireTeam(looked)).not.toThrow();
});

test('none unlinks a project, and nobody is waited for', async () => {
  await seedProject(api.database, { name: 'shop', linear_team_key: 'ENG' });
  expect((await millwright('project', 'show', 'shop')).stdout).toContain('team ENG (not looked for yet)');
  const { exit, stdout } = await millwright('project', 'link', 'shop', '--linear', 'none');
  expect([exit, stdout.includes('Linear')]).toEqual([0, false]);
});

test.each([
  [['project', 'link', 'shop'], 2, /--linear/],
  [['project', 'link', 'nothing', '--linear', 'ENG'], 1, /nothing/],
  [['project', 'link', 'shop', '--linear', 'E G'], 1, /linearTeam/],
])('%j is refused by name', async (argv, code, words) => {
  await seedProject(api.database, { name: 'shop' });
  const { exit, stderr } = await millwright(...argv);
  expect([exit, stderr]).toEqual([code, expect.stringMatching(words)]);
});

test('a team of another project, and a Linear that nothing opens, are refused before anything is stored', async () => {
  await seedProject(api.database, { name: 'shop', linear_team_key: 'ENG' });
  await seedProject(api.database, { name: 'hats' });
  const taken = await millwright('project', 'link', 'hats', '--linear', 'ENG');
  expect([taken.exit, taken.stderr]).toEqual([1, expect.stringContaining('Another project takes the issues')]);
  const without = await TestApi.start();
  try {
    await seedProject(without.database, { name: 'shop' });
    const refused = await commandLine(without.url, without.keys.admin)('project', 'link', 'shop', '--linear', 'ENG');
    expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining('LINEAR_API_KEY')]);
  } finally {
    await without.stop();
  }
});

test('a project that was refused is linked when it is added again with what it lacked', async () => {
  const source = 'https://example.com/acme/shop';
  const id = await seedProject(api.database, { name: 'shop', source, remote: source, state: 'refused' });
  const settle = async (): Promise<void> => {
    await look({ id: TEAM });
    await rowsOf(api.database, `UPDATE project SET state = 'ready'`);
  };
  const [{ exit, stdout }] = await Promise.all([
    millwright('project', 'add', source, '--check', 'unit=true', '--linear', 'ENG'),
    settle(),
  ]);
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^issues from +Linear, team ENG$/m);
  expect(await rowsOf(api.database, 'SELECT id, linear_team_key AS team FROM project')).toEqual([{ id, team: 'ENG' }]);
});

test('a project that was removed is linked when it is added again, and its team is free meanwhile', async () => {
  const source = 'https://example.com/acme/shop';
  await seedProject(api.database, {
    name: 'shop',
    source,
    remote: source,
    linear_team_key: 'ENG',
    linear_team_id: TEAM,
  });
  expect((await millwright('project', 'remove', 'shop')).exit).toBe(0);
  const settle = async (): Promise<void> => {
    await until(async () => (await rowsOf(api.database, `SELECT 1 FROM project WHERE state = 'importing'`)).length > 0);
    await rowsOf(
      api.database,
      `UPDATE project SET linear_team_id = $1, state = 'ready' WHERE archived_at IS NULL AND linear_team_key = 'ENG'`,
      [TEAM],
    );
  };
  const [{ exit, stdout }] = await Promise.all([
    millwright('project', 'add', source, '--checks', 'none', '--linear', 'ENG'),
    settle(),
  ]);
  expect([exit, stdout]).toEqual([0, expect.stringMatching(/^issues from +Linear, team ENG$/m)]);
});
