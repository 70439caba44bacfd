import { Inject, Injectable } from '@nestjs/common';
import type { Pools } from '../../infra/pg/pools.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type { Caller } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';

/** Longer than any request may take; a request whose process died is taken over after it. */
const LOCK_SECONDS = 30;

export type Claim =
  /** This request runs; nobody else will while the lock lasts. */
  | { readonly kind: 'mine' }
  | { readonly kind: 'done'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'running'; readonly retryAfterMs: number }
  | { readonly kind: 'other_request' };

interface KeyedRequest {
  readonly keyId: string;
  readonly key: string;
  readonly hash: string;
}

@Injectable()
export class IdempotencyRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  async claim({ keyId, key, hash }: KeyedRequest): Promise<Claim> {
    const { rowCount } = await this.pools.writes.query({
      name: 'idempotency-claim',
      text: `INSERT INTO idempotency_key AS k (key_id, key, request_hash, state, locked_until)
             VALUES ($1, $2, $3, 'running', now() + make_interval(secs => $4))
             ON CONFLICT (key_id, key) DO UPDATE SET locked_until = excluded.locked_until
             WHERE k.state = 'running' AND k.request_hash = excluded.request_hash AND k.locked_until < now()`,
      values: [keyId, key, hash, LOCK_SECONDS],
    });
    return rowCount === 1 ? { kind: 'mine' } : this.readOther({ keyId, key, hash });
  }

  /** Keeps the answer unless the handler's own transaction did. */
  async finish({ keyId, key }: KeyedRequest, status: number, body: unknown): Promise<void> {
    await keepAnswer(this.pools.writes, keyId, key, { status, body });
  }

  /** Forgets a request that failed: a repeat runs again. */
  async release({ keyId, key }: KeyedRequest): Promise<void> {
    await this.pools.writes.query({
      name: 'idempotency-release',
      text: `DELETE FROM idempotency_key WHERE key_id = $1 AND key = $2 AND state = 'running'`,
      values: [keyId, key],
    });
  }

  private async readOther({ keyId, key, hash }: KeyedRequest): Promise<Claim> {
    const { rows } = await this.pools.writes.query<{
      request_hash: string;
      state: string;
      status: number | null;
      response: string | null;
      wait_ms: number;
    }>({
      name: 'idempotency-read',
      text: `SELECT request_hash, state, status, response,
                    greatest(0, extract(epoch FROM locked_until - now()) * 1000)::int AS wait_ms
             FROM idempotency_key WHERE key_id = $1 AND key = $2`,
      values: [keyId, key],
    });
    const row = rows[0];
    // Released between the two statements: the client may simply come again.
    if (row === undefined) return { kind: 'running', retryAfterMs: 1_000 };
    if (row.request_hash !== hash) return { kind: 'other_request' };
    if (row.state === 'done')
      return { kind: 'done', status: row.status ?? 200, body: JSON.parse(row.response ?? 'null') };
    return { kind: 'running', retryAfterMs: Math.min(Math.max(row.wait_ms, 1_000), 2_000) };
  }
}

/**
 * Keeps the answer in the transaction that makes what it tells of: then no crash can lie between the two, and a repeat
 * gets the same answer. Nothing happens for a request without a key.
 */
export const recordAnswer = async (tx: Tx, caller: Caller, status: number, body: unknown): Promise<void> => {
  if (caller.idempotencyKey !== undefined) await keepAnswer(tx, caller.keyId, caller.idempotencyKey, { status, body });
};

const keepAnswer = async (
  db: Queryable,
  keyId: string,
  key: string,
  { status, body }: { readonly status: number; readonly body: unknown },
): Promise<void> => {
  await db.query({
    name: 'idempotency-finish',
    text: `UPDATE idempotency_key SET state = 'done', status = $3, response = $4
           WHERE key_id = $1 AND key = $2 AND state = 'running'`,
    // As a JSON text inside the JSON column, which would else reorder the fields.
    values: [keyId, key, status, JSON.stringify(JSON.stringify(body ?? null))],
  });
};
