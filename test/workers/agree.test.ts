import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createLogger } from '../../infra/logging.js';
import { agree } from '../../workers/duties/agree.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { createTestTemporal } from '../support/temporal.js';
import { until } from '../support/until.js';

let env: TestWorkflowEnvironment;
let db: TestDatabase;
beforeAll(async () => {
  [env, db] = await Promise.all([createTestTemporal(), createTestDatabase()]);
});
afterAll(async () => {
  await env.teardown();
  await db.drop();
});

const isOpen = async (workflowId: string): Promise<boolean> =>
  (await env.client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
const agreeAfter = (lost: number): Promise<void> =>
  agree({
    writes: db.pools.writes,
    client: env.client,
    log: createLogger({ name: 'test', level: 'silent' }),
    restoreLostLandings: async () => lost,
  });

test('an engine goes on while the rows know every landing, and is ended when they have lost one', async () => {
  await env.client.workflow.start('epic', { taskQueue: 'nobody', workflowId: 'epic/e' });
  await until(async () => {
    const listed = env.client.workflow.list({ query: `ExecutionStatus = 'Running' AND WorkflowType = 'epic'` });
    for await (const _ of listed) return true;
    return false;
  });
  await agreeAfter(0);
  expect(await isOpen('epic/e')).toBe(true);
  await agreeAfter(1);
  expect(await isOpen('epic/e')).toBe(false);
});
