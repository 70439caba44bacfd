import type { Queryable, Tx } from '../../infra/pg/statement.js';

/** Of the turn's model call; every other call id is the model's own. */
export const MODEL_CALL_ID = 'model';

export type ClaimState = 'open' | 'done' | 'error' | 'unknown';

export interface ClaimKey {
  readonly runId: string;
  readonly turn: number;
  readonly callId: string;
}

export interface ClaimRow {
  readonly callId: string;
  readonly tool: string;
  readonly fence: string;
  readonly state: ClaimState;
  /** Text of the result as the model reads it. */
  readonly resultRef: string | null;
  readonly errorCode: string | null;
  readonly ms: number | null;
}

const COLUMNS = `call_id AS "callId", tool, fence, state, result_ref AS "resultRef", error_code AS "errorCode",
  (extract(epoch FROM ended_at - started_at) * 1000)::int AS ms`;

export interface NewClaim extends ClaimKey {
  readonly tool: string;
  readonly inputRef: string | null;
  /** With the attempt; sorts as text. */
  readonly fence: string;
}

/**
 * Writes the claim before the effect. Answers undefined when it is new, else the claim of an earlier attempt; an open
 * one takes the newer fence, so that the older attempt finds itself superseded.
 */
export async function openClaim(db: Queryable, claim: NewClaim): Promise<ClaimRow | undefined> {
  const { rows } = await db.query<ClaimRow & { isNew: boolean }>({
    name: 'open-claim',
    // A row that was inserted and not updated has no xmax.
    text: `INSERT INTO claim AS c (run_id, turn, call_id, tool, input_ref, fence) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (run_id, turn, call_id) DO UPDATE SET
             fence = CASE WHEN c.state = 'open' THEN greatest(c.fence, excluded.fence) ELSE c.fence END,
             input_ref = CASE WHEN c.state = 'open' THEN excluded.input_ref ELSE c.input_ref END
           RETURNING ${COLUMNS}, xmax = 0 AS "isNew"`,
    values: [claim.runId, claim.turn, claim.callId, claim.tool, claim.inputRef, claim.fence],
  });
  const [row] = rows;
  if (row === undefined || row.isNew) return undefined;
  const { isNew: _, ...earlier } = row;
  return earlier;
}

export interface ClaimEnd extends ClaimKey {
  readonly state: 'done' | 'error';
  readonly resultRef: string | null;
  readonly errorCode?: string;
}

/** Records the end of a claimed call. False when it had ended already: the first end stands. */
export async function endClaim(db: Queryable | Tx, end: ClaimEnd): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'end-claim',
    text: `UPDATE claim SET state = $4, result_ref = $5, error_code = $6, ended_at = now()
           WHERE run_id = $1 AND turn = $2 AND call_id = $3 AND state = 'open'`,
    values: [end.runId, end.turn, end.callId, end.state, end.resultRef, end.errorCode ?? null],
  });
  return rowCount === 1;
}

export async function findClaim(db: Queryable, { runId, turn, callId }: ClaimKey): Promise<ClaimRow | undefined> {
  const { rows } = await db.query<ClaimRow>({
    name: 'find-claim',
    text: `SELECT ${COLUMNS} FROM claim WHERE run_id = $1 AND turn = $2 AND call_id = $3`,
    values: [runId, turn, callId],
  });
  return rows[0];
}

/** Tool calls of one turn that were claimed. */
export async function listClaims(db: Queryable, runId: string, turn: number): Promise<readonly ClaimRow[]> {
  const { rows } = await db.query<ClaimRow>({
    name: 'list-claims',
    text: `SELECT ${COLUMNS} FROM claim WHERE run_id = $1 AND turn = $2 AND call_id <> '${MODEL_CALL_ID}'`,
    values: [runId, turn],
  });
  return rows;
}

/** Calls that nobody will end any more: their outcome is unknown, which is said and never guessed. */
export async function closeOpenClaims(tx: Tx, runId: string, turn: number): Promise<void> {
  await tx.query({
    name: 'close-open-claims',
    text: `UPDATE claim SET state = 'unknown', ended_at = now()
           WHERE run_id = $1 AND turn = $2 AND call_id <> '${MODEL_CALL_ID}' AND state = 'open'`,
    values: [runId, turn],
  });
}

/** How often calls of one tool ended in an error in this run. */
export async function countErrors(db: Queryable, runId: string, tool: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'count-claim-errors',
    text: `SELECT count(*)::int AS count FROM claim WHERE run_id = $1 AND tool = $2 AND state = 'error'`,
    values: [runId, tool],
  });
  return rows[0]?.count ?? 0;
}
