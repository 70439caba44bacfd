import { isTerminal, RUN_MACHINE, type RunState } from '../../domain/states.js';
import { appendEvent, insertDecision } from '../../infra/pg/events.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { WritePool } from '../../infra/pg/writes.js';
import { lockRun, patchRun, refreshAgentState } from './run.repository.js';
import { bookLostOfRun, refreshRunTotals } from './usage.repository.js';

export async function listLiveRuns(db: Queryable): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'list-live-runs',
    text: `SELECT id FROM run
           WHERE state NOT IN ('completed', 'failed', 'timeout', 'stopped', 'orphaned', 'cancelled') ORDER BY id`,
  });
  return rows.map(({ id }) => id);
}

const REASON = 'no workflow works on it any more';

/** Where the run ends that nobody will go on with: only what ran can be orphaned. */
const endOf = (state: RunState): RunState =>
  (['orphaned', 'failed', 'cancelled', 'completed'] as const).find((to) =>
    (RUN_MACHINE[state] as readonly RunState[]).includes(to),
  ) ?? 'cancelled';

/** Ends the run, its open claims and its reservations, which may have been paid. @returns false when it had ended */
export function orphanRun(writes: WritePool, runId: string): Promise<boolean> {
  return withTransaction(writes, async (tx) => {
    const row = await lockRun(tx, runId);
    if (!row || isTerminal(RUN_MACHINE, row.state)) return false;
    const to = endOf(row.state);
    await closeLeftOpen(tx, runId);
    await patchRun(tx, runId, { state: to, pausedBy: [], outcome: 'lost', error: REASON });
    await refreshRunTotals(tx, runId);
    const subject = {
      projectId: row.project_id,
      ...(row.epic_id === null ? {} : { epicId: row.epic_id }),
      ...(row.task_id === null ? {} : { taskId: row.task_id }),
      runId,
    };
    await insertDecision(tx, {
      ...subject,
      agentId: row.agent_id,
      kind: 'transition',
      title: 'run',
      decision: `${row.state} → ${to}`,
      reasoning: REASON,
    });
    await appendEvent(tx, { ...subject, type: 'run.state', data: { from: row.state, to, reason: REASON } });
    await refreshAgentState(tx, row.agent_id);
    return true;
  });
}

async function closeLeftOpen(tx: Tx, runId: string): Promise<void> {
  await tx.query({
    name: 'close-claims-of-run',
    text: `UPDATE claim SET state = 'unknown', ended_at = now() WHERE run_id = $1 AND state = 'open'`,
    values: [runId],
  });
  await bookLostOfRun(tx, runId);
}
