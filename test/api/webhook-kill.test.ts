import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { rowsOf, seedProject } from '../support/api/seed.js';
import { headersOf, SECRET } from '../support/api/webhook-sender.js';
import { compileFolders } from '../support/compiled.js';
import { createTestDatabase, freePort, type TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';

const compiled = compileFolders('webhook-kill', ['api', 'domain', 'infra', 'workflows/contract']);
let database: TestDatabase;
let home: string;
let api: ChildProcess | undefined;
let url: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database?.drop();
  compiled.rm();
});
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'millwright-webhook-'));
  // What struck once is noted there, and does not strike again after the restart.
  mkdirSync(join(home, 'state'));
  await rowsOf(database, 'TRUNCATE webhook_delivery, outbox, project CASCADE');
  await seedProject(database, { forge: 'github', forge_repository_id: 7 });
});
afterEach(async () => {
  await stop();
  rmSync(home, { recursive: true, force: true });
});

const start = async (env: NodeJS.ProcessEnv = {}): Promise<void> => {
  const port = await freePort();
  api = spawn(process.execPath, [join(compiled.directory, 'api/main.js')], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      MILLWRIGHT_HOME: home,
      MILLWRIGHT_API_PORT: String(port),
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      GITHUB_WEBHOOK_SECRET: SECRET,
      ...env,
    },
  });
  url = `http://127.0.0.1:${port}`;
  await until(() =>
    fetch(`${url}/api/v1/health/live`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
};

const stop = async (): Promise<void> => {
  if (api === undefined || api.exitCode !== null || api.signalCode !== null) return;
  const ended = once(api, 'exit');
  api.kill('SIGKILL');
  await ended;
};

/** The status, or 0 when the sender never got one: it then delivers again some time. */
const deliver = async (id: string, number: number): Promise<number> => {
  const body = JSON.stringify({ action: 'opened', issue: { number }, repository: { id: 7, full_name: 'a/b' } });
  const init = { method: 'POST', body, headers: headersOf(body, { event: 'issues', id }) };
  return fetch(`${url}/webhooks/github`, init).then(
    ({ status }) => status,
    () => 0,
  );
};

const keptIds = async (): Promise<readonly string[]> =>
  (await rowsOf<{ id: string }>(database, 'SELECT delivery_id AS id FROM webhook_delivery')).map(({ id }) => id).sort();

test.each([
  ['before it stores', 'commit.before-call'],
  ['between storing and answering', 'commit.after-call-before-record'],
])(
  'an API that is killed %s loses nothing that it has answered, and a redelivery brings the rest',
  async (_, point) => {
    const ids = Array.from({ length: 24 }, () => randomUUID()).sort();
    await start({ MILLWRIGHT_FAULT: `${point}:kill:2` });
    const first = await Promise.all(ids.map(deliver));
    await until(() => api?.signalCode === 'SIGKILL');
    const answered = ids.filter((_, at) => first[at] === 202);
    expect(answered.length).toBeLessThan(ids.length);
    const kept = await keptIds();
    expect(kept).toEqual(expect.arrayContaining(answered));
    // What nobody was told of may be there, as long as it is there once in the end.
    if (point.startsWith('commit.after')) expect(kept.length).toBeGreaterThan(answered.length);
    await start();
    const again = ids.filter((id) => !answered.includes(id));
    expect(await Promise.all(again.map(deliver))).toEqual(again.map(() => 202));
    expect(await keptIds()).toEqual(ids);
    expect(await rowsOf(database, 'SELECT name, args FROM outbox')).toEqual([
      { name: 'forgeHinted', args: [{ projectId: expect.any(String) }] },
    ]);
  },
);
