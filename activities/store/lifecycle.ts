import { appendEvent, insertDecision, type Subject } from '../../infra/pg/events.js';
import type { Tx } from '../../infra/pg/statement.js';
import type { LifecycleEntry, LifecycleKey } from '../../workflows/contract/lifecycle.js';

/** What the entries of one write belong to; decisions and events are found by any of these. */
export interface LifecycleScope extends Subject {
  readonly projectId: string;
  readonly agentId?: string;
}

/**
 * Stores the entries that this workflow has not stored before, as events and decisions, in the order of their numbers.
 * Answers how many were new: a repeated activity answers 0, and its patch must then not be applied again.
 */
export async function storeEntries(
  tx: Tx,
  key: LifecycleKey,
  entries: readonly LifecycleEntry[],
  scope: LifecycleScope,
): Promise<number> {
  if (entries.length === 0) return 0;
  const last = await lockCursor(tx, key);
  const fresh = entries.filter(({ number }) => number > last).sort((a, b) => a.number - b.number);
  for (const entry of fresh) await storeEntry(tx, entry, scope);
  const newest = fresh.at(-1);
  if (newest) {
    await tx.query({
      name: 'advance-workflow-cursor',
      text: 'UPDATE workflow_cursor SET last_number = $3 WHERE workflow_id = $1 AND first_run_id = $2',
      values: [key.workflowId, key.firstRunId, newest.number],
    });
  }
  return fresh.length;
}

async function lockCursor(tx: Tx, key: LifecycleKey): Promise<number> {
  await tx.query({
    name: 'create-workflow-cursor',
    text: `INSERT INTO workflow_cursor (workflow_id, first_run_id, last_number) VALUES ($1, $2, 0)
           ON CONFLICT (workflow_id, first_run_id) DO NOTHING`,
    values: [key.workflowId, key.firstRunId],
  });
  const { rows } = await tx.query<{ last_number: number }>({
    name: 'lock-workflow-cursor',
    text: 'SELECT last_number FROM workflow_cursor WHERE workflow_id = $1 AND first_run_id = $2 FOR UPDATE',
    values: [key.workflowId, key.firstRunId],
  });
  return rows[0]?.last_number ?? 0;
}

async function storeEntry(tx: Tx, entry: LifecycleEntry, scope: LifecycleScope): Promise<void> {
  if (entry.decision) await insertDecision(tx, { ...scope, ...entry.decision, at: entry.at });
  const { agentId: _, ...subject } = scope;
  await appendEvent(tx, { ...subject, type: entry.type, data: entry.data ?? {}, at: entry.at });
}
