import type { CallUsage } from '../../domain/pricing.js';
import { storableJson } from '../../infra/artifacts.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';

/** One tool call of a turn, as the turn's row keeps it. */
export interface TurnCall {
  readonly id: string;
  readonly name: string;
  readonly inputRef: string;
  /** For people, redacted. */
  readonly title: string;
  /** Set by the seal. */
  readonly resultRef?: string;
  readonly ok?: boolean;
  readonly ms?: number;
}

export interface TurnRow {
  readonly seq: number;
  readonly requestRef: string | null;
  readonly responseRef: string | null;
  readonly resultsRef: string | null;
  readonly stopReason: string | null;
  readonly calls: readonly TurnCall[];
  readonly checkpointRef: string | null;
  readonly isSealed: boolean;
}

const COLUMNS = `seq, request_ref AS "requestRef", response_ref AS "responseRef", results_ref AS "resultsRef",
  stop_reason AS "stopReason", tool_calls AS calls, checkpoint_ref AS "checkpointRef", sealed_at IS NOT NULL AS "isSealed"`;

/** Turns of a run whose reply is kept, in order. */
export async function listTurns(db: Queryable, runId: string): Promise<readonly TurnRow[]> {
  const { rows } = await db.query<TurnRow>({
    name: 'list-turns',
    text: `SELECT ${COLUMNS} FROM turn WHERE run_id = $1 ORDER BY seq`,
    values: [runId],
  });
  return rows;
}

export async function findTurn(db: Queryable, runId: string, seq: number): Promise<TurnRow | undefined> {
  const { rows } = await db.query<TurnRow>({
    name: 'find-turn',
    text: `SELECT ${COLUMNS} FROM turn WHERE run_id = $1 AND seq = $2`,
    values: [runId, seq],
  });
  return rows[0];
}

export interface KeptReply {
  readonly runId: string;
  readonly seq: number;
  readonly requestRef: string;
  readonly responseRef: string;
  readonly stopReason: string;
  readonly usage: CallUsage;
  readonly costMicroUsd: number;
  readonly calls: readonly TurnCall[];
}

/**
 * Keeps a reply. False when an earlier attempt has kept another one: that one stands. True also when this very reply is
 * there already, as after a commit whose answer was lost.
 */
export async function insertReply(tx: Tx, reply: KeptReply): Promise<boolean> {
  const { rows } = await tx.query<{ responseRef: string }>({
    name: 'insert-turn',
    // Changes nothing of a row that is there, but answers it. The time is not when the transaction began: that may be
    // before a call that this reply did not yet forbid.
    text: `INSERT INTO turn (run_id, seq, request_ref, response_ref, stop_reason, usage, tool_calls, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
           ON CONFLICT (run_id, seq) DO UPDATE SET seq = excluded.seq RETURNING response_ref AS "responseRef"`,
    values: [
      reply.runId,
      reply.seq,
      reply.requestRef,
      reply.responseRef,
      reply.stopReason,
      JSON.stringify({ ...reply.usage, costMicroUsd: reply.costMicroUsd }),
      storableJson(reply.calls),
    ],
  });
  return rows[0]?.responseRef === reply.responseRef;
}

export interface Seal {
  readonly runId: string;
  readonly seq: number;
  readonly resultsRef: string | null;
  readonly calls: readonly TurnCall[];
  readonly checkpointRef: string | null;
}

/** The one writer of a turn's results. False when it is sealed already. */
export async function sealTurnRow(tx: Tx, seal: Seal): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'seal-turn',
    text: `UPDATE turn SET results_ref = $3, tool_calls = $4, checkpoint_ref = $5, sealed_at = now()
           WHERE run_id = $1 AND seq = $2 AND sealed_at IS NULL`,
    values: [seal.runId, seal.seq, seal.resultsRef, storableJson(seal.calls), seal.checkpointRef],
  });
  return rowCount === 1;
}

/** Checkpoints of earlier turns of the run that made this one, newest first; undefined when no turn made it. */
export async function listCheckpointsBefore(
  db: Queryable,
  checkpointRef: string,
): Promise<readonly string[] | undefined> {
  const { rows } = await db.query<{ made: string; before: readonly string[] }>({
    name: 'list-checkpoints-before',
    text: `SELECT u.checkpoint_ref AS made,
                  ARRAY(SELECT e.checkpoint_ref FROM turn e
                        WHERE e.run_id = u.run_id AND e.seq < u.seq AND e.checkpoint_ref IS NOT NULL
                          AND e.checkpoint_ref <> u.checkpoint_ref ORDER BY e.seq DESC) AS before
           FROM turn u WHERE u.checkpoint_ref = $1 ORDER BY u.created_at DESC, u.seq DESC LIMIT 1`,
    values: [checkpointRef],
  });
  return rows[0] && [...new Set(rows[0].before)];
}
