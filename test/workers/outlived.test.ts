import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as uuidv7 } from 'uuid';
import { createLogger } from '../../infra/logging.js';
import { endOutlived } from '../../workers/duties/outlived.js';
import { rowsOf } from '../support/api/seed.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertAgent, insertEpic, insertProject, insertRun, insertTask } from '../support/rows.js';
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

const start = async (type: string, workflowId: string): Promise<void> => {
  await env.client.workflow.start(type, { taskQueue: 'nobody', workflowId });
};
const isOpen = async (workflowId: string): Promise<boolean> =>
  (await env.client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
const sweep = (graceMs: number): Promise<number> =>
  endOutlived({
    writes: db.pools.writes,
    client: env.client,
    log: createLogger({ name: 'test', level: 'silent' }),
    graceMs,
  });

test('workflows of work that the rows show as over, or do not know, are ended; all others go on', async () => {
  const projectId = await insertProject(db.pools.writes);
  const agentId = await insertAgent(db.pools.writes, 'an-agent');
  const [open, over] = [await insertEpic(db.pools.writes, projectId), await insertEpic(db.pools.writes, projectId)];
  const [task, failed] = [await insertTask(db.pools.writes, projectId), await insertTask(db.pools.writes, projectId)];
  const [run, ended] = [
    await insertRun(db.pools.writes, projectId, { agentId }),
    await insertRun(db.pools.writes, projectId, { agentId }),
  ];
  await rowsOf(db, `UPDATE epic SET state = 'COMPLETED' WHERE id = $1`, [over]);
  await rowsOf(db, `UPDATE task SET state = 'FAILED' WHERE id = $1`, [failed]);
  await rowsOf(db, `UPDATE run SET state = 'failed', ended_at = now() WHERE id = $1`, [ended]);
  const goingOn = [`epic/${open}`, `task/${task}`, `run/${run}`, `run/${uuidv7()}`, 'epic/of-somebody-else'];
  const outlived = [`epic/${over}`, `task/${failed}`, `run/${ended}`, `epic/${uuidv7()}`, `task/${uuidv7()}`];
  for (const id of [...goingOn, ...outlived])
    await start(id.startsWith('run/') ? 'agentRun' : (id.split('/')[0] ?? ''), id);

  // Whoever has just ended may still be saying so.
  expect(await sweep(600_000)).toBe(0);
  let swept = 0;
  await until(async () => {
    swept += await sweep(0);
    return swept >= outlived.length;
  });
  expect(swept).toBe(outlived.length);
  for (const id of outlived) expect([id, await isOpen(id)]).toEqual([id, false]);
  for (const id of goingOn) expect([id, await isOpen(id)]).toEqual([id, true]);
  expect(await sweep(0)).toBe(0);
});
