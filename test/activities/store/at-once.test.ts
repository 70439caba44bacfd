import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { storeModelPlan } from '../../../activities/agents/tools/plan-store.js';
import { recordCrash } from '../../../activities/store/agent-state.repository.js';
import { storeEntries } from '../../../activities/store/lifecycle.js';
import { orphanRun } from '../../../activities/store/orphan.repository.js';
import { patchRun } from '../../../activities/store/run.repository.js';
import { createStoreActivities } from '../../../activities/store/store.activities.js';
import { sealTurnRow } from '../../../activities/store/turn.repository.js';
import { recordHumanAct } from '../../../infra/pg/audit.js';
import type { Tx } from '../../../infra/pg/statement.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import { MemoryBlobs } from '../../support/memory-blobs.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertAgent, insertEpic, insertProject, insertRun, insertTask } from '../../support/rows.js';
import { until } from '../../support/until.js';

let db: TestDatabase;
let projectId: string;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  projectId = await insertProject(db.pools.writes);
});

const write = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => withTransaction(db.pools.writes, work);
const rowsOf = async (text: string, id: string): Promise<readonly unknown[]> =>
  (await db.pools.writes.query({ text, values: [id] })).rows;
const countBlocked = async (): Promise<number> => {
  const text = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return (await db.pools.writes.query({ text })).rowCount;
};

/** What the second answers that begins when the first has done everything but commit. */
async function second<T>(first: (tx: Tx) => Promise<unknown>, then: () => Promise<T>): Promise<T> {
  const { answer } = await write(async (tx) => {
    await first(tx);
    let isOver = false;
    const ended = (): void => {
      isOver = true;
    };
    const running = then();
    running.then(ended, ended);
    await until(async () => isOver || (await countBlocked()) === 1);
    return { answer: running };
  });
  return answer;
}

test('of runs of one agent that crash at once the last one sees the others', async () => {
  const agentId = await insertAgent(db.pools.writes, 'of-many');
  const crash = async () => {
    const runId = await insertRun(db.pools.writes, projectId, { agentId });
    return (tx: Tx) => recordCrash(tx, { runId, agentId, projectId });
  };
  await write(await crash());
  const third = await crash();
  await second(await crash(), () => write(third));
  expect(await rowsOf('SELECT state FROM agent WHERE id = $1', agentId)).toEqual([{ state: 'FAILED' }]);
});

test('of two attempts that store the same steps at once one stores them', async () => {
  const epicId = await insertEpic(db.pools.writes, projectId);
  const key = { workflowId: `epic/${epicId}`, firstRunId: 'r' };
  const store = (number: number) =>
    write((tx) =>
      storeEntries(tx, key, [{ number, at: new Date().toISOString(), type: 'epic.state' }], { projectId, epicId }),
    );
  await store(1);
  const { both } = await write(async (tx) => {
    // Neither can write its event before the other has looked at what is stored.
    await tx.query({ text: 'SELECT 1 FROM stream WHERE id = $1 FOR UPDATE', values: [`epic/${epicId}`] });
    const storing = Promise.all([store(2), store(2)]);
    await until(async () => (await countBlocked()) === 2);
    return { both: storing };
  });
  expect([...(await both)].sort()).toEqual([0, 1]);
  const text = 'SELECT seq FROM event WHERE epic_id = $1 ORDER BY seq';
  expect(await rowsOf(text, epicId)).toEqual([{ seq: 1 }, { seq: 2 }]);
});

test('of two attempts that save the same at once both answer the revision that there is then', async () => {
  const epicId = await insertEpic(db.pools.writes, projectId);
  const taskId = await insertTask(db.pools.writes, projectId);
  const store = createStoreActivities({
    pools: db.pools,
    blobs: new MemoryBlobs(),
    runDeadlineMs: 1,
    modelOf: () => 'm',
    composePrompt: async () => '',
  });
  const step = (key: string, number: number) => ({
    key: { workflowId: key, firstRunId: 'r' },
    entries: [{ number, at: new Date().toISOString(), type: 'state' }],
    patch: {},
  });
  const saves = {
    [`epic/${epicId}`]: (number: number) => store.saveEpic({ epicId, ...step(`epic/${epicId}`, number) }),
    [`task/${taskId}`]: (number: number) => store.saveTask({ taskId, ...step(`task/${taskId}`, number) }),
  };
  for (const [stream, save] of Object.entries(saves)) {
    expect(await save(1)).toEqual({ revision: 1 });
    const { both } = await write(async (tx) => {
      await tx.query({ text: 'SELECT 1 FROM stream WHERE id = $1 FOR UPDATE', values: [stream] });
      const saving = Promise.all([save(2), save(2)]);
      await until(async () => (await countBlocked()) === 2);
      return { both: saving };
    });
    expect(await both).toEqual([{ revision: 2 }, { revision: 2 }]);
  }
});

test('two plans for one epic that come at once are two versions', async () => {
  const epicId = await insertEpic(db.pools.writes, projectId);
  const plan = (title: string) => (tx: Tx) => storeModelPlan(tx, epicId, { design: title, tasks: [] }, 'planner');
  expect(await second(plan('a'), () => write(plan('b')))).toBe(2);
});

test('a run that ends while it is taken for orphaned has ended as it says', async () => {
  const runId = await insertRun(db.pools.writes, projectId);
  const done = (tx: Tx) => patchRun(tx, runId, { state: 'completed', outcome: 'completed' });
  expect(await second(done, () => orphanRun(db.pools.writes, runId))).toBe(false);
  expect(await rowsOf('SELECT state FROM run WHERE id = $1', runId)).toEqual([{ state: 'completed' }]);
});

test('of two seals of one turn at once the first stands', async () => {
  const runId = await insertRun(db.pools.writes, projectId);
  await rowsOf(
    `INSERT INTO turn (run_id, seq, request_ref, response_ref, stop_reason, usage, tool_calls)
     VALUES ($1, 0, 'q', 'a', 'end_turn', '{}', '[]')`,
    runId,
  );
  const seal = (checkpointRef: string) => (tx: Tx) =>
    sealTurnRow(tx, { runId, seq: 0, resultsRef: null, calls: [], checkpointRef });
  expect(await second(seal('one'), () => write(seal('two')))).toBe(false);
  expect(await rowsOf('SELECT checkpoint_ref AS at FROM turn WHERE run_id = $1', runId)).toEqual([{ at: 'one' }]);
});

test('what two people do at once is one chain, whose second link holds the first', async () => {
  const act = (by: string) => (tx: Tx) =>
    recordHumanAct(tx, { by, ip: '127.0.0.1' }, { what: 'epic.changed', object: 'epic/1', title: 'An epic changed' });
  await second(act('ada'), () => write(act('bob')));
  const { rows } = await db.pools.writes.query<{ before: string; hash: string }>({
    text: 'SELECT prev_hash AS before, hash FROM audit ORDER BY id',
  });
  expect(rows.map(({ before }) => before)).toEqual(['0'.repeat(64), rows[0]?.hash]);
});
