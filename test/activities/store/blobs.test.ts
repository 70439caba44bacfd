import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BLOB_ROW_BYTES, createBlobStore } from '../../../infra/artifacts.js';
import type { Queryable } from '../../../infra/pg/statement.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

let database: TestDatabase;
let directory: string;
const asked: (string | undefined)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'millwright-blobs-'));
});
afterAll(async () => {
  await database?.drop();
  rmSync(directory, { recursive: true, force: true });
});

const heard: Queryable = {
  query: (statement) => {
    asked.push(statement.name);
    return database.pools.writes.query(statement);
  },
};

test('texts that are asked for at once are read by one statement, those in files too', async () => {
  const blobs = createBlobStore(heard, directory);
  const texts = ['one', 'two', 'x'.repeat(BLOB_ROW_BYTES + 1)];
  const refs = await Promise.all(texts.map((text) => blobs.put(text)));
  asked.length = 0;
  expect(await Promise.all([...refs, ...refs].map((ref) => blobs.get(ref)))).toEqual([...texts, ...texts]);
  expect(asked).toEqual(['get-blobs']);
});

test('one text that is gone spoils none of those that are asked for with it', async () => {
  const blobs = createBlobStore(heard, directory);
  const kept = await blobs.put('kept');
  const [gone, got] = await Promise.allSettled([blobs.get(`sha256:${'0'.repeat(64)}`), blobs.get(kept)]);
  expect(gone).toMatchObject({ status: 'rejected', reason: { type: 'NotFound' } });
  expect(got).toEqual({ status: 'fulfilled', value: 'kept' });
});
