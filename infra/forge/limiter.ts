import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../domain/failures.js';
import {
  admit,
  answered,
  FORGE_LIMIT,
  type ForgeRequest,
  NO_RATE,
  type RateAnswer,
  type RateRules,
  type RateState,
} from '../../domain/forge/rate.js';
import type { Pools } from '../pg/pools.js';
import type { Tx } from '../pg/statement.js';
import { withTransaction } from '../pg/transaction.js';

/** Longer waits go back to the engine, so that no worker's slot is held by a limit. */
const PATIENCE_MS = 3_000;

/** Below this share of the forge's hourly quota every process must know at once what is left. */
const SCARCE = 0.2;

/** One limit for all workers and all requests of one installation or token: a row that each request passes. */
export class ForgeLimiter {
  /** What the last answers said, by scope, until the next request writes it: one transaction less for each. */
  private readonly said = new Map<string, RateAnswer>();

  /** @param shiftMs added to the database's clock */
  constructor(
    private readonly pools: Pools,
    private readonly rules: RateRules,
    private readonly shiftMs: () => number = () => 0,
  ) {}

  /** Waits a little. @throws RateLimited with `retryAfterMs` when it would have to wait for long */
  async enter(scope: string, request: ForgeRequest, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const said = this.said.get(scope);
      this.said.delete(scope);
      const waitMs = await this.change(scope, (before, nowMs) => {
        const state = said === undefined ? before : answered(before, said, nowMs, 0);
        const admission = admit(state, this.rules, request, nowMs);
        return [admission.state, admission.kind === 'go' ? 0 : admission.waitMs];
      });
      if (waitMs <= 0) return;
      if (waitMs > PATIENCE_MS) throw limited(waitMs);
      await sleep(waitMs, undefined, { ...(signal ? { signal } : {}) });
    }
  }

  /** Keeps what the answer said. @returns how long everybody pauses now, in milliseconds */
  async leave(scope: string, answer: RateAnswer): Promise<number> {
    const { limit = 0, remaining } = answer;
    if (!answer.isLimited && (remaining === undefined || remaining > limit * SCARCE)) {
      this.said.set(scope, { ...this.said.get(scope), ...answer });
      return 0;
    }
    return await this.change(scope, (state, nowMs) => {
      const next = answered(state, answer, nowMs, Math.random());
      return [next, Math.max(0, next.pausedUntilMs - nowMs)];
    });
  }

  private async change<T>(
    scope: string,
    next: (state: RateState, nowMs: number) => readonly [RateState, T],
  ): Promise<T> {
    return await withTransaction(this.pools.writes, async (tx) => {
      const { state, nowMs } = await lockRow(tx, scope);
      const [changed, result] = next(state, nowMs + this.shiftMs());
      await tx.query({
        name: 'save-forge-limit',
        text: 'UPDATE forge_limit SET state = $2, updated_at = clock_timestamp() WHERE scope = $1',
        values: [scope, JSON.stringify(changed)],
      });
      return result;
    });
  }
}

const limited = (waitMs: number): Failure =>
  new Failure(
    'RateLimited',
    `the forge's limit is used up for ${Math.ceil(waitMs / 1000)} s`,
    { reason: FORGE_LIMIT },
    { retryAfterMs: waitMs },
  );

/** The database's clock is the one that all workers share. */
async function lockRow(tx: Tx, scope: string): Promise<{ readonly state: RateState; readonly nowMs: number }> {
  await tx.query({
    name: 'ensure-forge-limit',
    text: 'INSERT INTO forge_limit (scope, state) VALUES ($1, $2) ON CONFLICT (scope) DO NOTHING',
    values: [scope, JSON.stringify(NO_RATE)],
  });
  const { rows } = await tx.query<{ readonly state: RateState; readonly nowMs: number }>({
    name: 'lock-forge-limit',
    text: `SELECT state, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"
           FROM forge_limit WHERE scope = $1 FOR UPDATE`,
    values: [scope],
  });
  return rows[0] ?? { state: NO_RATE, nowMs: Date.now() };
}
