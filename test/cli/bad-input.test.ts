import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestApi } from '../support/api/api.js';
import { seedEntry, seedEpic, seedLane, seedMail, seedProject, seedTask } from '../support/api/seed.js';
import { commandLine, type Ran } from '../support/cli/command-line.js';

let api: TestApi;
let millwright: (...argv: readonly string[]) => Promise<Ran>;

const NOBODY = '019a0000-0000-7000-8000-000000000000';

beforeAll(async () => {
  api = await TestApi.start();
  millwright = commandLine(api.url, api.keys.admin);
  const projectId = await seedProject(api.database, { name: 'shop' });
  await seedEpic(api.database, projectId, { id: '019a0000-0000-7000-8000-00000000aaaa' });
  await seedEpic(api.database, projectId, { id: '019a0000-0000-7000-8000-00000001aaaa' });
  await seedTask(api.database, projectId);
  await seedMail(api.database, projectId);
  await seedLane(api.database, projectId);
  await seedEntry(api.database, projectId);
});
afterAll(async () => {
  await api?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const directory = mkdtempSync(join(tmpdir(), 'millwright-cli-'));
const BROKEN = join(directory, 'broken.yml');
writeFileSync(BROKEN, 'tasks: [');
const EMPTY = join(directory, 'empty.json');
writeFileSync(EMPTY, '{"tasks": []}');
const FILED = ['epic', 'create', 'E', '--project', 'shop'];

/** The command itself was wrong: exit code 2, and nothing was asked of the API's workflows. */
test.each([
  [['nonsense'], "error: unknown command 'nonsense'"],
  [['epic', 'nonsense'], "error: unknown command 'nonsense'"],
  [['epic', 'list', '--nonsense'], "error: unknown option '--nonsense'"],
  [['epic', 'show'], "error: missing required argument 'epic'"],
  [['mail', 'stray'], "error: too many arguments for 'list'. Expected 0 arguments but got 1."],
  [['epic', 'create', 'E'], "error: required option '--project <name>' not specified"],
  [['run', 'do it'], "error: required option '--project <name>' not specified"],
  [[...FILED, '--parallel', '0'], 'wants a whole number from 1 to 100'],
  [[...FILED, '--priority', 'high'], 'wants a whole number from 1 to 5'],
  [[...FILED, '--budget', 'much'], '--budget wants dollars, like 12.50.'],
  [[...FILED, '--budget', 'Infinity'], '--budget wants dollars, like 12.50.'],
  [['epic', 'budget', 'e1', '0'], 'e1 is neither an id nor the end of one.'],
  [['epic', 'budget', '00000000-0000-4000-8000-000000000000', '0'], 'The budget wants dollars, like 12.50.'],
  [[...FILED, '--plan', '/nowhere.json'], '/nowhere.json cannot be read: '],
  [[...FILED, '--plan', BROKEN], `${BROKEN} cannot be read as a plan`],
  [[...FILED, '--description-file', '/nowhere.md'], '/nowhere.md cannot be read: '],
  [['epic', 'approve', NOBODY, '--plan-version', '0'], 'wants a whole number from 1 to 1000000'],
  [['epic', 'plan', NOBODY, '/nowhere.json'], '/nowhere.json cannot be read: '],
  [['task', 'list', '--project', ''], '--project needs a value.'],
  [['epic', 'list', '--state', ''], '--state needs a value.'],
  [['key', 'create', 'k', '--role', 'viewer', '--project', 'shop', '--project', ''], '--project needs a value.'],
  [['epic', 'show', 'xyz'], 'xyz is neither an id nor the end of one.'],
  [['epic', 'watch', 'xyz'], 'xyz is neither an id nor the end of one.'],
  [['epic', 'logs', 'xyz'], 'xyz is neither an id nor the end of one.'],
  [['project', 'remove'], "error: missing required argument 'project'"],
  [['backup'], "error: missing required argument 'file'\n(--help says what the command takes)\n"],
  [['restore'], "error: missing required argument 'file'"],
  [['task', 'diff', 'xyz'], 'xyz is neither an id nor the end of one.'],
  [['mail', 'read', 'xyz'], 'xyz is neither an id nor the end of one.'],
  [['queue', 'why', 'xyz'], 'xyz is neither an id nor the end of one.'],
  [['queue', 'pause', 'shop'], "error: required option '--reason <text>' not specified"],
  [['queue', 'reprioritise', NOBODY, 'soon', '--reason', 'r'], 'The priority is low, normal or urgent.'],
  [['project', 'add', '/srv/x', '--check', 'npm test'], '--check wants name=command, not npm test.'],
  [['project', 'add', ' '], 'The source is empty: give a path or an https:// address.'],
  [['project', 'add', '/srv/x', '--checks', 'all'], '--checks takes only `none`.'],
  [['project', 'add', '/srv/x', '--sandbox', 'docker'], '--sandbox takes only `none`.'],
  [['key', 'create', '--role', 'viewer'], "error: missing required argument 'name'"],
  [['key', 'create', 'bob'], "error: required option '--role <role>' not specified"],
  [['key', 'create', 'bob', '--role', 'viewer', '--expires', 'soon'], '--expires wants 90d, 12h or an instant'],
  [['key', 'revoke', 'xyz'], 'xyz is neither an id nor the end of one.'],
  [['decisions', '--limit', '0'], 'wants a whole number from 1 to 10000'],
])('%p is a wrong command', async (argv, sentence) => {
  const { exit, stdout, stderr } = await millwright(...argv);
  expect([exit, stdout]).toEqual([2, '']);
  expect(stderr).toContain(sentence);
});

/** The API said no, or there is no such thing: exit code 1. */
test.each([
  [['project', 'show', 'nobody'], 'There is no project named nobody.'],
  [['project', 'sync', 'nobody'], 'There is no project named nobody.'],
  [['project', 'add', '/nowhere/at/all'], '/nowhere/at/all'],
  [['project', 'add', 'http://example.com/x'], 'must be an absolute path or an https:// address'],
  [['project', 'add', 'git@example.com:x/y.git'], 'must be an absolute path or an https:// address'],
  [
    ['project', 'add', 'https://example.com/x', '--name', '../up'],
    'name must be 1 to 100 letters, digits, dots, hyphens or underscores',
  ],
  [['epic', 'create', 'E', '--project', 'nobody'], 'There is no project named nobody.'],
  [['epic', 'create', '', '--project', 'shop'], 'title must be longer than or equal to 1'],
  [[...FILED, '--approval', 'maybe'], 'approval must be one of none, plan, all'],
  [[...FILED, '--planner', 'heuristic'], 'planner: heuristic is not in this version'],
  [[...FILED, '--merge-target', 'x'], 'mergeTarget must be one of epic, base'],
  [[...FILED, '--land', 'x'], 'land must be one of person, auto'],
  [[...FILED, '--overlap', 'x'], 'overlap must be one of serialise, allow'],
  [[...FILED, '--budget', '0.001'], 'budgetMicroUsd must not be less than 10000'],
  [[...FILED, '--plan', EMPTY], 'tasks'],
  [['epic', 'show', NOBODY], '(NotFound)'],
  [['epic', 'plan', '019a0000-0000-7000-8000-00000000aaaa'], 'The epic has no plan yet.'],
  [['epic', 'show', 'dead'], 'Nothing in epics ends with dead.'],
  [['epic', 'show', 'aaaa'], 'aaaa fits more than one.'],
  [['epic', 'plan', '00000001aaaa'], '(NotFound)'],
  [['epic', 'approve', NOBODY], '(NotFound)'],
  [['epic', 'list', '--state', 'HAPPY'], 'state must be one of'],
  [['epic', 'watch', NOBODY], '(NotFound)'],
  [['epic', 'logs', NOBODY], '(NotFound)'],
  [['project', 'remove', 'nobody'], 'There is no project named nobody.'],
  [['project', 'remove', 'shop'], 'The project has open work: '],
  [['init', '/nowhere/at/all'], '/nowhere/at/all is not the root of a git repository'],
  [['run', ' ', '--project', 'shop'], 'title must not be blank'],
  [['run', 'do it', '--project', 'shop', '--agent', 'nobody'], 'nobody'],
  [['task', 'show', NOBODY], '(NotFound)'],
  [['task', 'logs', NOBODY], '(NotFound)'],
  [['task', 'cancel', NOBODY], '(NotFound)'],
  [['task', 'list', '--state', 'HAPPY'], 'state must be one of'],
  [['queue', 'entries', 'shop', 'no..branch'], 'branch must be the name of a branch, such as release/2.0 or main.'],
  [['queue', 'why', NOBODY], '(NotFound)'],
  [['queue', 'why', 'dead'], 'No queue has an entry that ends with dead.'],
  [['queue', 'pause', 'shop', '--reason', ''], 'reason must be longer than or equal to 1'],
  [['mail', 'read', NOBODY], '(NotFound)'],
  [['mail', 'reply', NOBODY, 'yes'], '(NotFound)'],
  [['key', 'create', 'bob', '--role', 'king'], 'role must be one of viewer, member, lead, admin'],
  [['key', 'create', ' ', '--role', 'viewer'], 'name must not be blank'],
  [['key', 'create', 'System', '--role', 'viewer'], 'A key cannot be named System'],
  [['key', 'create', 'bob', '--role', 'viewer', '--expires', '0d'], 'expiresAt must lie in the future.'],
  [['key', 'create', 'bob', '--role', 'viewer', '--expires', '2020-01-31'], 'expiresAt must be an instant'],
  [['key', 'create', 'bob', '--role', 'viewer', '--project', 'nobody'], 'There is no project named nobody.'],
  [['key', 'revoke', NOBODY], '(NotFound)'],
  [['key', 'revoke', 'dead'], 'Nothing in keys ends with dead.'],
  [['decisions', '--kind', 'x'], 'kind must be one of'],
])('%p is refused with a sentence and a problem document, and nothing is stored', async (argv, sentence) => {
  const before = await api.countRows();
  const { exit, stdout, stderr } = await millwright(...argv);
  expect([exit, stdout]).toEqual([1, '']);
  expect(stderr).toContain(sentence);
  expect(stderr).not.toContain('    at ');
  expect(await api.countRows()).toEqual(before);
});

test('a key that may not is told so', async () => {
  const viewer = commandLine(api.url, api.keys.viewer);
  const { exit, stderr } = await viewer('epic', 'create', 'E', '--project', 'shop');
  expect([exit, stderr]).toEqual([1, expect.stringContaining('(PermissionDenied)')]);
  const { exit: unknown, stderr: why } = await commandLine(api.url, 'mw_x')('epic', 'list');
  expect([unknown, why]).toEqual([1, expect.stringContaining('(Unauthenticated)')]);
});

test('an API that does not answer is named', async () => {
  const { exit, stdout, stderr } = await commandLine('http://127.0.0.1:1', 'key')('epic', 'list');
  expect([exit, stdout]).toEqual([1, '']);
  expect(stderr).toBe('Millwright does not answer at http://127.0.0.1:1. Is it up? (millwright up)\n');
});

test.each([
  ['a page', 200, 'text/html', '<html></html>'],
  ['an error of another kind', 404, 'application/json', '{"code":5,"message":"Not Found"}'],
])('what answers with %s at the address of the API is said to be something else', async (_, status, type, body) => {
  const stranger = createServer((_request, answer) => answer.writeHead(status, { 'content-type': type }).end(body));
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const { port } = stranger.address() as AddressInfo; // it listens on a port, not on a path
  const { exit, stderr } = await commandLine(`http://127.0.0.1:${port}`, 'key')('epic', 'list');
  stranger.close();
  expect([exit, stderr]).toEqual([
    1,
    `What answers at http://127.0.0.1:${port} (${status}) is not Millwright's API: see MILLWRIGHT_API_URL.\n`,
  ]);
});

test('help and version are no failures, and no command at all is one', async () => {
  expect(await millwright('--version')).toEqual({ exit: 0, stdout: '1.2.3\n', stderr: '' });
  const help = await millwright('epic', '--help');
  expect([help.exit, help.stdout.startsWith('Usage: millwright epic')]).toEqual([0, true]);
  const { exit, stderr } = await millwright();
  expect([exit, stderr.startsWith('Usage: millwright')]).toEqual([2, true]);
});
