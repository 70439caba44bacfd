import type { BudgetTotals } from '../../domain/budget.js';
import type { CallUsage } from '../../domain/pricing.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';

export interface Reservation {
  readonly runId: string;
  readonly turn: number;
  readonly taskId: string | null;
  readonly epicId: string | null;
  readonly projectId: string;
  readonly model: string;
  /** The most that the call can use; booked when its end is never seen. */
  readonly worst: CallUsage;
  readonly costMicroUsd: number;
}

export interface LedgerKey {
  readonly runId: string;
  readonly turn: number;
  readonly attempt: number;
}

/** Books calls of dead attempts in full: they may have been paid. With `attempt`, that one only. */
export async function bookLost(tx: Tx, runId: string, turn: number, attempt?: number): Promise<void> {
  await tx.query({
    name: 'book-lost-calls',
    text: `UPDATE usage_ledger SET state = 'lost', settled_at = now()
           WHERE run_id = $1 AND turn = $2 AND ($3::int IS NULL OR attempt = $3) AND state = 'reserved'`,
    values: [runId, turn, attempt ?? null],
  });
}

/** Reserves the worst case before a call; answers the attempt that settles it. */
export async function reserve(tx: Tx, reservation: Reservation): Promise<number> {
  const { worst } = reservation;
  const { rows } = await tx.query<{ attempt: number }>({
    name: 'reserve-usage',
    text: `INSERT INTO usage_ledger (run_id, turn, attempt, task_id, epic_id, project_id, model, state, input_tokens,
                                     cache_write_tokens, cached_tokens, output_tokens, cost_micro_usd)
           SELECT $1, $2, 1 + coalesce(max(attempt), 0), $3, $4, $5, $6, 'reserved', $7, $8, $9, $10, $11
           FROM usage_ledger WHERE run_id = $1 AND turn = $2 RETURNING attempt`,
    values: [
      reservation.runId,
      reservation.turn,
      reservation.taskId,
      reservation.epicId,
      reservation.projectId,
      reservation.model,
      worst.inputTokens,
      worst.cacheWrite5mTokens + worst.cacheWrite1hTokens,
      worst.cacheReadTokens,
      worst.outputTokens,
      reservation.costMicroUsd,
    ],
  });
  return rows[0]?.attempt ?? 1;
}

/** Replaces the reservation by what was used: `settled` for the reply that is kept, `lost` for any other. */
export async function settle(
  tx: Tx,
  key: LedgerKey,
  call: { readonly usage: CallUsage; readonly costMicroUsd: number; readonly isKept: boolean },
): Promise<void> {
  const { usage } = call;
  await tx.query({
    name: 'settle-usage',
    text: `UPDATE usage_ledger SET state = $4, input_tokens = $5, cache_write_tokens = $6, cached_tokens = $7,
             output_tokens = $8, cost_micro_usd = $9, settled_at = now()
           WHERE run_id = $1 AND turn = $2 AND attempt = $3`,
    values: [
      key.runId,
      key.turn,
      key.attempt,
      call.isKept ? 'settled' : 'lost',
      usage.inputTokens,
      usage.cacheWrite5mTokens + usage.cacheWrite1hTokens,
      usage.cacheReadTokens,
      usage.outputTokens,
      call.costMicroUsd,
    ],
  });
}

/** Brings the totals of the run's row to what the ledger says. Prompt tokens count whether cached or not. */
export async function refreshRunTotals(tx: Tx, runId: string): Promise<void> {
  await tx.query({
    name: 'refresh-run-totals',
    text: `UPDATE run SET turns = l.turns, input_tokens = l.input, cached_tokens = l.cached, output_tokens = l.output,
             cost_micro_usd = l.cost
           FROM (SELECT count(DISTINCT turn) FILTER (WHERE state = 'settled') AS turns,
                        coalesce(sum(input_tokens + cache_write_tokens + cached_tokens), 0) AS input,
                        coalesce(sum(cached_tokens), 0) AS cached, coalesce(sum(output_tokens), 0) AS output,
                        coalesce(sum(cost_micro_usd), 0) AS cost
                 FROM usage_ledger WHERE run_id = $1 AND state <> 'reserved') l
           WHERE run.id = $1`,
    values: [runId],
  });
}

/** Takes back the reservation of a call that the provider refused: nothing was bought. */
export async function releaseReservation(tx: Tx, key: LedgerKey): Promise<void> {
  await tx.query({
    name: 'release-usage',
    text: `DELETE FROM usage_ledger WHERE run_id = $1 AND turn = $2 AND attempt = $3 AND state = 'reserved'`,
    values: [key.runId, key.turn, key.attempt],
  });
}

export interface SpentTotals {
  readonly run: BudgetTotals;
  readonly task: BudgetTotals;
  readonly epic: BudgetTotals;
}

const totalsOf = (scope: string, condition: string): string =>
  `jsonb_build_object('turns', count(DISTINCT (run_id, turn)) FILTER (WHERE ${condition} AND state = 'settled'),
     'tokens', coalesce(sum(input_tokens + cache_write_tokens + cached_tokens + output_tokens) FILTER (WHERE ${condition}), 0),
     'costMicroUsd', coalesce(sum(cost_micro_usd) FILTER (WHERE ${condition}), 0)) AS ${scope}`;

/** What is recorded as spent; calls in flight are not in it. */
export async function spentTotals(
  db: Queryable,
  of: { readonly runId: string; readonly taskId: string | null; readonly epicId: string | null },
): Promise<SpentTotals> {
  const { rows } = await db.query<SpentTotals>({
    name: 'spent-totals',
    text: `SELECT ${totalsOf('run', 'run_id = $1')}, ${totalsOf('task', 'task_id = $2')}, ${totalsOf('epic', 'epic_id = $3')}
           FROM usage_ledger WHERE (run_id = $1 OR task_id = $2 OR epic_id = $3) AND state <> 'reserved'`,
    values: [of.runId, of.taskId, of.epicId],
  });
  const nothing: BudgetTotals = { turns: 0, tokens: 0, costMicroUsd: 0 };
  return rows[0] ?? { run: nothing, task: nothing, epic: nothing };
}
