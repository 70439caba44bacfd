import type { BudgetTotals } from '../../domain/budget.js';
import type { CallUsage } from '../../domain/pricing.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import { MODEL_CALL_ID } from './claim.repository.js';

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

/** The same for every turn of a run. A call that ends all the same replaces what was booked for it. */
export async function bookLostOfRun(tx: Tx, runId: string): Promise<void> {
  await tx.query({
    name: 'book-lost-calls-of-run',
    text: `UPDATE usage_ledger SET state = 'lost', settled_at = now() WHERE run_id = $1 AND state = 'reserved'`,
    values: [runId],
  });
}

/** Reserves the worst case before a call; answers the attempt that settles it. */
export async function reserve(tx: Tx, reservation: Reservation): Promise<number> {
  return (await insertReservation(tx, reservation, { name: 'reserve-usage', unless: '' })) ?? 1;
}

/**
 * The same, unless the claim of the turn's call is done: then undefined, because nothing is bought. The claim is locked
 * before, so the answer stays true until the commit.
 */
export const reserveUnlessKept = (tx: Tx, reservation: Reservation): Promise<number | undefined> =>
  insertReservation(tx, reservation, {
    name: 'reserve-unless-kept',
    unless: `HAVING NOT EXISTS (SELECT FROM claim WHERE run_id = $1 AND turn = $2 AND call_id = '${MODEL_CALL_ID}'
                                                        AND state = 'done')`,
  });

async function insertReservation(
  tx: Tx,
  reservation: Reservation,
  { name, unless }: { readonly name: string; readonly unless: string },
): Promise<number | undefined> {
  const { worst } = reservation;
  const { rows } = await tx.query<{ attempt: number }>({
    name,
    text: `INSERT INTO usage_ledger (run_id, turn, attempt, task_id, epic_id, project_id, model, state, input_tokens,
                                     cache_write_tokens, cached_tokens, output_tokens, cost_micro_usd)
           SELECT $1, $2, 1 + coalesce(max(attempt), 0), $3, $4, $5, $6, 'reserved', $7, $8, $9, $10, $11
           FROM usage_ledger WHERE run_id = $1 AND turn = $2 ${unless} RETURNING attempt`,
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
  return rows[0]?.attempt;
}

export interface UsedCall {
  readonly usage: CallUsage;
  readonly costMicroUsd: number;
}

/** Replaces the reservation by what was used: `settled` for the reply that is kept, `lost` for any other. */
export const settle = (tx: Tx, key: LedgerKey, call: UsedCall & { readonly isKept: boolean }): Promise<void> =>
  replaceReservation(tx, key, { call, name: 'settle-usage', state: '$9', given: call.isKept ? 'settled' : 'lost' });

/**
 * The same, where the row of the turn says whether this reply is the one that is kept. Of two calls with the same words
 * the first one is; the claim of the turn's call is locked before, so that they come one after the other.
 */
export const settleReply = (tx: Tx, key: LedgerKey, call: UsedCall & { readonly responseRef: string }): Promise<void> =>
  replaceReservation(tx, key, {
    call,
    name: 'settle-reply',
    state: `CASE WHEN EXISTS (SELECT FROM turn WHERE run_id = $1 AND seq = $2 AND response_ref = $9)
                  AND NOT EXISTS (SELECT FROM usage_ledger o WHERE o.run_id = $1 AND o.turn = $2
                                                               AND o.attempt <> $3 AND o.state = 'settled')
                 THEN 'settled' ELSE 'lost' END`,
    given: call.responseRef,
  });

async function replaceReservation(
  tx: Tx,
  key: LedgerKey,
  to: { readonly call: UsedCall; readonly name: string; readonly state: string; readonly given: string },
): Promise<void> {
  const { usage, costMicroUsd } = to.call;
  await tx.query({
    name: to.name,
    text: `UPDATE usage_ledger SET state = ${to.state}, input_tokens = $4, cache_write_tokens = $5, cached_tokens = $6,
             output_tokens = $7, cost_micro_usd = $8, settled_at = now()
           WHERE run_id = $1 AND turn = $2 AND attempt = $3`,
    values: [
      key.runId,
      key.turn,
      key.attempt,
      usage.inputTokens,
      usage.cacheWrite5mTokens + usage.cacheWrite1hTokens,
      usage.cacheReadTokens,
      usage.outputTokens,
      costMicroUsd,
      to.given,
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

/** What is recorded as spent by a run, and by the task and epic it works for; calls in flight are not in it. */
export async function spentTotals(db: Queryable, runId: string): Promise<SpentTotals> {
  const { rows } = await db.query<SpentTotals>({
    name: 'spent-totals',
    text: `WITH r AS MATERIALIZED (SELECT id, task_id, epic_id FROM run WHERE id = $1)
           SELECT ${totalsOf('run', 'l.run_id = r.id')}, ${totalsOf('task', 'l.task_id = r.task_id')},
                  ${totalsOf('epic', 'l.epic_id = r.epic_id')}
           FROM r CROSS JOIN usage_ledger l
           WHERE (l.run_id = $1 OR l.task_id = (SELECT task_id FROM r) OR l.epic_id = (SELECT epic_id FROM r))
             AND l.state <> 'reserved'`,
    values: [runId],
  });
  const nothing: BudgetTotals = { turns: 0, tokens: 0, costMicroUsd: 0 };
  return rows[0] ?? { run: nothing, task: nothing, epic: nothing };
}
