import type { Client } from '@temporalio/client';
import { v7 as uuidv7 } from 'uuid';
import type { Queryable } from '../../infra/pg/statement.js';
import { MARK_WORKFLOW_PREFIX } from '../../workflows/contract/ids.js';
import { describeWorkflow, RPC_MS } from './is-open.js';

/** The mark: a workflow that nobody ever works on. Each signal is one more event in the engine's store. */
interface Mark {
  readonly workflowId: string;
  readonly events: number;
}

const NOBODY = 'millwright-mark';
/** Far below what a history may hold. */
const MAX_EVENTS = 2000;

/**
 * Whether the engine's store is that of an earlier moment than the rows: it was lost, or a copy was put back. False when
 * nobody has ever set a mark.
 */
export async function isEngineOutdated(client: Client, db: Queryable): Promise<boolean> {
  const mark = await findMark(db);
  if (!mark) return false;
  const found = await describeWorkflow(client, mark.workflowId);
  return found === undefined || found.events < mark.events;
}

/** Moves engine and rows on together: the engine first, so that it never stands before the rows by itself. */
export async function setMark(client: Client, db: Queryable): Promise<void> {
  const old = await findMark(db);
  const found = old && (await describeWorkflow(client, old.workflowId));
  if (old && found?.isOpen && found.events < MAX_EVENTS) {
    const handle = client.workflow.getHandle(old.workflowId);
    await bounded(client, () => handle.signal('passed'));
    const now = await describeWorkflow(client, old.workflowId);
    return saveMark(db, { workflowId: old.workflowId, events: now?.events ?? found.events });
  }
  const workflowId = `${MARK_WORKFLOW_PREFIX}${uuidv7()}`;
  await bounded(client, () =>
    client.workflow.start('mark', {
      workflowId,
      taskQueue: NOBODY,
      staticSummary: 'Mark: how far the rows have seen this store come; never worked on',
    }),
  );
  await saveMark(db, { workflowId, events: (await describeWorkflow(client, workflowId))?.events ?? 1 });
  if (found?.isOpen && old)
    await bounded(client, () => client.workflow.getHandle(old.workflowId).terminate('followed by another mark'));
}

const bounded = <T>(client: Client, call: () => Promise<T>): Promise<T> =>
  client.withDeadline(Date.now() + RPC_MS, call);

async function findMark(db: Queryable): Promise<Mark | undefined> {
  const { rows } = await db.query<Mark>({
    name: 'find-engine-mark',
    text: 'SELECT workflow_id AS "workflowId", events FROM engine_mark',
  });
  return rows[0];
}

async function saveMark(db: Queryable, { workflowId, events }: Mark): Promise<void> {
  await db.query({
    name: 'save-engine-mark',
    text: `INSERT INTO engine_mark (workflow_id, events) VALUES ($1, $2)
           ON CONFLICT (id) DO UPDATE SET workflow_id = excluded.workflow_id, events = excluded.events`,
    values: [workflowId, events],
  });
}
