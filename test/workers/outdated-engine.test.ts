import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as uuidv7 } from 'uuid';
import { createLogger } from '../../infra/logging.js';
import { isEngineOutdated } from '../../workers/duties/engine-mark.js';
import { endOutdated } from '../../workers/duties/outdated-engine.js';
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
beforeEach(() => sql('DELETE FROM engine_mark'));

const sql = async (text: string): Promise<readonly { readonly workflow_id: string; readonly events: number }[]> =>
  (await db.pools.writes.query<{ workflow_id: string; events: number }>({ text, values: [] })).rows;
const marks = () => sql('SELECT workflow_id, events FROM engine_mark');
const pass = (): Promise<number> =>
  endOutdated({
    writes: db.pools.writes,
    client: env.client,
    log: createLogger({ name: 'test', level: 'silent' }),
  });
const isOutdated = (): Promise<boolean> => isEngineOutdated(env.client, db.pools.writes);

const isOpen = async (workflowId: string): Promise<boolean> =>
  (await env.client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
/** One workflow of each kind of ours and one of somebody else's, which the list shows already. */
const startAll = async (): Promise<{ readonly ours: readonly string[]; readonly other: string }> => {
  const types = ['factory', 'epic', 'task', 'agentRun', 'mergeQueue', 'mergeBuild', 'other'];
  const ids = types.map((type) => `${type}/${uuidv7()}`);
  for (const [at, workflowId] of ids.entries())
    await env.client.workflow.start(types[at] ?? '', { taskQueue: 'nobody', workflowId });
  await until(async () => {
    const shown = new Set<string>();
    for await (const { workflowId } of env.client.workflow.list({ query: `ExecutionStatus = 'Running'` }))
      shown.add(workflowId);
    return ids.every((id) => shown.has(id));
  });
  return { ours: ids.slice(0, -1), other: ids.at(-1) ?? '' };
};

test('engine and rows go on together, and nothing is ended', async () => {
  const { ours } = await startAll();
  expect([await pass(), await pass()]).toEqual([0, 0]);
  const [before] = await marks();
  await pass();
  const [after] = await marks();
  expect(after?.workflow_id).toBe(before?.workflow_id);
  expect(after?.events).toBeGreaterThan(before?.events ?? 0);
  expect(await isOutdated()).toBe(false);
  expect(await Promise.all(ours.map(isOpen))).not.toContain(false);
});

const outdatedBy = async (change: string): Promise<void> => {
  await pass();
  const { ours, other } = await startAll();
  await sql(change);
  expect(await isOutdated()).toBe(true);
  expect(await pass()).toBeGreaterThanOrEqual(ours.length);
  expect(await Promise.all(ours.map(isOpen))).not.toContain(true);
  expect(await isOpen(other)).toBe(true);
  expect(await isOutdated()).toBe(false);
  const next = await startAll();
  expect(await pass()).toBe(0);
  expect(await Promise.all(next.ours.map(isOpen))).not.toContain(false);
};

test('where a copy of an earlier moment was put back, its workflows are ended, once', () =>
  outdatedBy(`UPDATE engine_mark SET events = events + 1`));

test('where the store was made after the mark was set, its workflows are ended, once', () =>
  outdatedBy(`UPDATE engine_mark SET workflow_id = 'mark/unknown'`));

test('a mark that somebody has ended is replaced, and nothing else is', async () => {
  await pass();
  const [before] = await marks();
  await env.client.workflow.getHandle(before?.workflow_id ?? '').terminate();
  const { ours } = await startAll();
  expect(await pass()).toBe(0);
  expect((await marks())[0]?.workflow_id).not.toBe(before?.workflow_id);
  expect(await Promise.all(ours.map(isOpen))).not.toContain(false);
});
