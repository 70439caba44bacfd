import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ApiClient } from '../../cli/api-client.js';
import { untilSettled } from '../../cli/commands/project-settle.js';
import { NO_LINEAR } from '../../infra/config/linear.js';
import { TestApi } from '../support/api/api.js';
import { rowsOf, seedProject } from '../support/api/seed.js';
import { commandLine, type Ran } from '../support/cli/command-line.js';
import { until } from '../support/until.js';

const SOURCE = 'https://example.com/acme/shop';

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

const refused = (values: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  seedProject(api.database, { name: 'shop', source: SOURCE, remote: SOURCE, state: 'refused', ...values });

/** As the workers do: the project is imported, and a team that it names is found. */
async function looked(): Promise<void> {
  const settle = (): Promise<readonly object[]> =>
    rowsOf(
      api.database,
      `UPDATE project SET state = 'ready',
         linear_team_id = CASE WHEN linear_team_key IS NULL THEN NULL ELSE gen_random_uuid() END
       WHERE state = 'importing' RETURNING 1`,
    );
  await until(async () => (await settle()).length > 0);
}

const again = (...argv: readonly string[]): Promise<Ran> => millwright('project', 'add', SOURCE, ...argv);

const stored = () =>
  rowsOf(
    api.database,
    `SELECT id, name, forge, state, base_branch AS base, forge_base_branch AS there, linear_team_key AS team, revision
     FROM project`,
  );

test.each([
  ['nothing more', [], {}],
  ['its own name', ['--name', 'shop'], {}],
  ['its own forge', ['--forge', 'github'], {}],
  ['its own base', ['--base', 'main'], {}],
  ['another base', ['--base', 'trunk'], { there: 'trunk' }],
  ['a team', ['--linear', 'eng'], { team: 'ENG' }],
  ['a team and a base', ['--linear', 'eng', '--base', 'trunk'], { team: 'ENG', there: 'trunk' }],
])('a project that was refused is looked at once more when it is added again with %s', async (_, argv, change) => {
  const id = await refused({ forge: 'github' });
  const [{ exit, stderr }] = await Promise.all([again(...argv), looked()]);
  expect([exit, stderr]).toEqual([0, '']);
  const unchanged = { id, name: 'shop', forge: 'github', state: 'ready', base: 'main', there: null, team: null };
  expect(await stored()).toEqual([{ ...unchanged, ...change, revision: 1 }]);
});

test('proposals of the look that refused it are accepted without another look before', async () => {
  const id = await refused({
    overrides: '{}',
    proposals: JSON.stringify([{ from: 'package.json', checks: [{ name: 'test', run: 'npm test' }] }]),
  });
  const [{ exit }] = await Promise.all([again('--accept-checks'), looked()]);
  expect(exit).toBe(0);
  expect(await stored()).toMatchObject([{ id, state: 'ready', revision: 1 }]);
});

test.each([
  ['name', 'hats', 'shop'],
  ['forge', 'github', 'local'],
  ['base', 'trunk', 'main'],
])('another %s is refused with what to do, and nothing of the rest is taken', async (option, said, kept) => {
  await refused();
  const before = await stored();
  const { exit, stdout, stderr } = await millwright(
    ...['--json', 'project', 'add', SOURCE, `--${option}`, said, '--linear', 'ENG'],
  );
  const detail = `This source was refused before as the project shop, whose ${option} cannot be changed from ${kept}: leave --${option} out, or remove the project first with millwright project remove shop`;
  expect([exit, stderr, JSON.parse(stdout)]).toEqual([
    1,
    `${detail}\n`,
    { code: 'InvalidState', detail, field: option },
  ]);
  expect(await stored()).toEqual(before);
});

test('the remedy works: removed, it is added with what it could not be given', async () => {
  const id = await refused();
  expect((await millwright('project', 'remove', 'shop')).exit).toBe(0);
  const [{ exit }] = await Promise.all([again('--base', 'trunk'), looked()]);
  expect(exit).toBe(0);
  const live = await rowsOf(
    api.database,
    'SELECT base_branch, id = $1 AS same FROM project WHERE archived_at IS NULL',
    [id],
  );
  expect(live).toEqual([{ base_branch: 'trunk', same: false }]);
});

test('of two that were refused, the one of the forge that is named is taken up', async () => {
  const there = await refused({ forge: 'github', name: 'there' });
  const here = await refused({ name: 'here' });
  const [{ exit }] = await Promise.all([again('--forge', 'github'), looked()]);
  expect(exit).toBe(0);
  const states = (await stored()) as readonly { readonly id: string; readonly state: string }[];
  expect(Object.fromEntries(states.map(({ id, state }) => [id, state]))).toEqual({
    [there]: 'ready',
    [here]: 'refused',
  });
});

test('a project that is ready is not taken up', async () => {
  await refused({ state: 'ready' });
  const { exit, stderr } = await again('--name', 'hats', '--linear', 'ENG');
  expect([exit, stderr]).toEqual([1, expect.stringContaining('There is a project with this source already: shop.')]);
});

test('while a source does not answer, it is said why, and that the import goes on by itself', async () => {
  const trouble = 'Could not resolve host: example.com';
  const id = await refused({ state: 'importing', reason: trouble });
  const said: string[] = [];
  let settled: Promise<void> | undefined;
  const project = await untilSettled(new ApiClient(api.url, api.keys.admin), id, (text) => {
    said.push(text);
    if (text.includes(trouble)) settled = looked();
  });
  await settled;
  expect(project.state).toBe('ready');
  expect(said).toEqual([
    'Importing and running the required checks on the tip …',
    `${trouble}\nIt is tried again until it works, also without you: millwright project show shop`,
  ]);
});
