import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { loadConfig } from '../../infra/config.js';
import { prepareStores } from '../../infra/embedded/prepare.js';
import { createEmptyDatabase, type TestDatabase } from '../support/postgres.js';
import { createTestTemporal } from '../support/temporal.js';

let home: string;
let database: TestDatabase;
let temporal: TestWorkflowEnvironment;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'prepare-'));
  chmodSync(home, 0o711);
  database = await createEmptyDatabase();
  temporal = await createTestTemporal();
});
afterAll(async () => {
  await temporal?.teardown();
  await database?.drop();
  rmSync(home, { recursive: true, force: true });
});

test('stores that others run are prepared once, and a second time changes nothing', async () => {
  const config = loadConfig({ MILLWRIGHT_HOME: home, DATABASE_URL: database.url, TEMPORAL_ADDRESS: temporal.address });
  const said: string[] = [];
  const seen: string[] = [];
  const prepare = () =>
    prepareStores({
      config,
      searchAttributes: [{ name: 'TestColour', type: 'KEYWORD' }],
      onDatabaseReady: async (databaseUrl) => void seen.push(databaseUrl),
      say: (message) => void said.push(message),
    });
  await prepare();
  await prepare();
  expect(said[0]).toMatch(/applied 0001_create_schema/);
  expect(said[2]).toBe('PostgreSQL: the schema is up to date.');
  expect(seen).toEqual([database.url, database.url]);
  const { customAttributes } = await temporal.connection.operatorService.listSearchAttributes({ namespace: 'default' });
  expect(Object.keys(customAttributes)).toContain('TestColour');
});

test('without addresses of the stores the variable is named', async () => {
  const config = loadConfig({ MILLWRIGHT_HOME: home });
  const attempt = prepareStores({ config, searchAttributes: [], say: () => {} });
  await expect(attempt).rejects.toMatchObject({ type: 'InvalidInput', details: { variable: 'DATABASE_URL' } });
});
