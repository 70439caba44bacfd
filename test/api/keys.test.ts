import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { KeyRing } from '../../api/auth/key-ring.js';
import {
  createFirstAdminKey,
  formatApiKey,
  hashApiKey,
  makeApiKey,
  matchesApiKey,
  parseApiKey,
} from '../../infra/api-keys.js';
import { rowsOf } from '../support/api/seed.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
let directory: string;
let file: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
});
beforeEach(async () => {
  await rowsOf(database, 'DELETE FROM api_key');
  directory = mkdtempSync(join(tmpdir(), 'millwright-keys-'));
  file = join(directory, 'admin.key');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const isAccepted = async (key: string): Promise<boolean> =>
  (await new KeyRing(database.pools.reads).find(key)) !== undefined;

test('a key has 256 random bits, and its text leads back to it', () => {
  const key = makeApiKey();
  expect(Buffer.from(key.secret, 'base64url')).toHaveLength(32);
  expect(parseApiKey(formatApiKey(key))).toEqual(key);
  expect(matchesApiKey(key, hashApiKey(key))).toBe(true);
  expect(matchesApiKey({ ...key, secret: makeApiKey().secret }, hashApiKey(key))).toBe(false);
  expect(matchesApiKey({ ...key, id: makeApiKey().id }, hashApiKey(key))).toBe(false);
  expect(matchesApiKey(key, hashApiKey(key).slice(2))).toBe(false);
});

test('the first admin key is in a file for its owner only, and no row holds its secret', async () => {
  const key = await createFirstAdminKey(database.pools.writes, file);
  expect(readFileSync(file, 'utf8').trim()).toBe(key);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const rows = await rowsOf(database, 'SELECT * FROM api_key');
  expect(rows).toMatchObject([{ name: 'admin', role: 'admin', projects: null }]);
  expect(JSON.stringify(rows)).not.toContain(parseApiKey(key)?.secret ?? key);
  expect(await isAccepted(key)).toBe(true);
});

test('the key of the file is kept, in a database that has lost it too', async () => {
  const key = await createFirstAdminKey(database.pools.writes, file);
  expect(await createFirstAdminKey(database.pools.writes, file)).toBe(key);
  await rowsOf(database, 'DELETE FROM api_key');
  expect(await createFirstAdminKey(database.pools.writes, file)).toBe(key);
  expect(await isAccepted(key)).toBe(true);
});

test('a revoked key is not brought back: the file gets a new one', async () => {
  const key = await createFirstAdminKey(database.pools.writes, file);
  await rowsOf(database, 'UPDATE api_key SET revoked_at = now()');
  const next = await createFirstAdminKey(database.pools.writes, file);
  expect(next).not.toBe(key);
  expect([await isAccepted(key), await isAccepted(next)]).toEqual([false, true]);
});

test('a revoked key is refused within a second, though keys are remembered', async () => {
  const key = await createFirstAdminKey(database.pools.writes, file);
  let nowMs = 0;
  const ring = new KeyRing(database.pools.reads, () => nowMs);
  expect(await ring.find(key)).toBeDefined();
  await rowsOf(database, 'UPDATE api_key SET revoked_at = now()');
  nowMs = 1_000;
  expect(await ring.find(key)).toBeUndefined();
});

test('a wrong secret is refused after the right one was accepted, and the right one after it', async () => {
  const key = await createFirstAdminKey(database.pools.writes, file);
  const known = parseApiKey(key);
  const ring = new KeyRing(database.pools.reads, () => 0);
  expect(await ring.find(key)).toBeDefined();
  expect(await ring.find(formatApiKey({ id: known?.id ?? '', secret: makeApiKey().secret }))).toBeUndefined();
  expect(await ring.find(key)).toBeDefined();
});

test.each([
  ['has expired', 'expires_at = now()'],
  ['is no admin’s any more', `role = 'viewer'`],
])('a key that %s is not taken for the first admin key: the file gets a new one', async (_, change) => {
  const key = await createFirstAdminKey(database.pools.writes, file);
  await rowsOf(database, `UPDATE api_key SET ${change}`);
  expect(await createFirstAdminKey(database.pools.writes, file)).not.toBe(key);
});

test('a file that others could read is closed again', async () => {
  await createFirstAdminKey(database.pools.writes, file);
  chmodSync(file, 0o644);
  await createFirstAdminKey(database.pools.writes, file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('ids that nobody has do not fill the memory', async () => {
  let asked = 0;
  const { reads } = database.pools;
  const query: typeof reads.query = async () => {
    asked += 1;
    return { rows: [], rowCount: 0 };
  };
  const ring = new KeyRing({ query }, () => 0);
  const first = formatApiKey(makeApiKey());
  await ring.find(first);
  await ring.find(first);
  expect(asked).toBe(1);
  for (let at = 0; at < 10_000; at++) await ring.find(formatApiKey(makeApiKey()));
  await ring.find(first);
  expect(asked).toBe(10_002);
});
