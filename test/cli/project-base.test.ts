import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { TestApi } from '../support/api/api.js';
import { rowsOf, seedProject } from '../support/api/seed.js';
import { commandLine, type Ran } from '../support/cli/command-line.js';
import { until } from '../support/until.js';

let api: TestApi;
let millwright: (...argv: readonly string[]) => Promise<Ran>;

beforeAll(async () => {
  api = await TestApi.start();
  millwright = commandLine(api.url, api.keys.admin);
});
afterAll(async () => {
  await api?.stop();
});
beforeEach(async () => {
  await rowsOf(api.database, 'TRUNCATE project, outbox CASCADE');
  await seedProject(api.database, { name: 'shop', forge: 'github', base_branch: 'main', state: 'ready' });
});

/** As the worker does that imports what stands in place of the base now. */
async function imported(as: { readonly state: string; readonly reason?: string }): Promise<void> {
  const isAsked = async (): Promise<boolean> =>
    (await rowsOf(api.database, `SELECT 1 FROM project WHERE state = 'importing'`)).length > 0;
  await until(isAsked);
  await rowsOf(api.database, 'UPDATE project SET state = $1, reason = $2', [as.state, as.reason ?? null]);
}

const set = (...argv: readonly string[]): Promise<Ran> => millwright('project', 'set', 'shop', ...argv);

test('project set names what takes the place of the base, and waits until it was looked at', async () => {
  const [{ exit, stderr }] = await Promise.all([set('--base', 'trunk'), imported({ state: 'ready' })]);
  expect([exit, stderr]).toEqual([0, '']);
  const { stdout } = await millwright('--json', 'project', 'show', 'shop');
  expect(JSON.parse(stdout)).toMatchObject({ state: 'ready', baseBranch: 'main', forgeBaseBranch: 'trunk' });
});

test('a branch that is not there fails the command with the reason', async () => {
  const reason = 'There is no branch trunk at the forge.';
  const [{ exit, stderr }] = await Promise.all([set('--base', 'trunk'), imported({ state: 'refused', reason })]);
  expect([exit, stderr.trim()]).toEqual([1, reason]);
});

test.each([
  ['without a branch', [], 2, /--base/],
  ['with an empty one', ['--base', ''], 2, /--base/],
  ['with one that git refuses', ['--base', '-x..y'], 1, /baseBranch/],
])('%s nothing is asked for', async (_name, argv, code, words) => {
  const { exit, stderr } = await set(...argv);
  expect([exit, stderr]).toEqual([code, expect.stringMatching(words)]);
  expect(await rowsOf(api.database, `SELECT 1 FROM project WHERE state = 'importing'`)).toEqual([]);
});

test('the base of an imported project is our own, and is not set', async () => {
  await rowsOf(api.database, `UPDATE project SET forge = 'local'`);
  const { exit, stderr } = await set('--base', 'trunk');
  expect([exit, stderr]).toEqual([1, expect.stringContaining('add it anew')]);
});
