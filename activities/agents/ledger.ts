import { Failure } from '../../domain/failures.js';
import { type CallUsage, costMicroUsd, type ModelPrice, worstCaseUsage } from '../../domain/pricing.js';
import type { Pools } from '../../infra/pg/pools.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { AgentRun } from '../store/agent-run.repository.js';
import { endClaim, MODEL_CALL_ID, openClaim } from '../store/claim.repository.js';
import { insertReply, type KeptReply } from '../store/turn.repository.js';
import {
  bookLost,
  type LedgerKey,
  refreshRunTotals,
  releaseReservation,
  reserve,
  settle,
} from '../store/usage.repository.js';

export interface CallStart {
  readonly run: AgentRun;
  readonly turn: number;
  readonly fence: string;
  readonly requestRef: string;
  readonly requestBytes: number;
  readonly model: string;
  readonly maxTokens: number;
  readonly price: ModelPrice;
}

/** Refusals for which nothing is billed, because no reply was begun. */
const UNBILLED: ReadonlySet<string> = new Set([
  'RateLimited',
  'QuotaExhausted',
  'PermissionDenied',
  'InvalidInput',
  'ContextTooLarge',
]);

/** A status means that the provider answered with an error document instead of a stream. */
const isUnbilled = (error: unknown): boolean =>
  error instanceof Failure && (UNBILLED.has(error.type) || error.details.status !== undefined);

/**
 * The books of model calls. Every call is reserved at its worst case before it is made; what died without a word stays
 * booked at that, so the ledger never shows less than the provider bills.
 */
export class Ledger {
  constructor(private readonly pools: Pools) {}

  /** Claims the turn's call and reserves its money; calls of dead attempts become `lost`. */
  begin(start: CallStart): Promise<LedgerKey> {
    const { run, turn, price } = start;
    const worst = worstCaseUsage(start.requestBytes, start.maxTokens);
    return withTransaction(this.pools.writes, async (tx) => {
      const claim = { runId: run.runId, turn, callId: MODEL_CALL_ID, tool: MODEL_CALL_ID };
      await openClaim(tx, { ...claim, inputRef: start.requestRef, fence: start.fence });
      await bookLost(tx, run.runId, turn);
      const attempt = await reserve(tx, {
        runId: run.runId,
        turn,
        taskId: run.taskId,
        epicId: run.epicId,
        projectId: run.projectId,
        model: start.model,
        worst,
        costMicroUsd: costMicroUsd(worst, price),
      });
      return { runId: run.runId, turn, attempt };
    });
  }

  /** Reply and usage in one transaction. False when another attempt's reply is kept already; both stay booked. */
  keep(key: LedgerKey, reply: KeptReply): Promise<boolean> {
    return withTransaction(this.pools.writes, async (tx) => {
      const isKept = await insertReply(tx, reply);
      await settle(tx, key, { ...reply, isKept });
      await refreshRunTotals(tx, key.runId);
      const claim = { runId: key.runId, turn: key.turn, callId: MODEL_CALL_ID };
      await endClaim(tx, { ...claim, state: 'done', resultRef: reply.responseRef });
      return isKept;
    });
  }

  /** Books a reply that was paid and is of no use. */
  async spend(key: LedgerKey, usage: CallUsage, cost: number): Promise<void> {
    await withTransaction(this.pools.writes, async (tx) => {
      await settle(tx, key, { usage, costMicroUsd: cost, isKept: false });
      await refreshRunTotals(tx, key.runId);
    });
  }

  /** Ends a call that failed: taken back when the provider refused it, booked in full when it broke off. */
  async fail(key: LedgerKey, error: unknown): Promise<void> {
    await withTransaction(this.pools.writes, async (tx) => {
      if (isUnbilled(error)) await releaseReservation(tx, key);
      else await bookLost(tx, key.runId, key.turn, key.attempt);
      await refreshRunTotals(tx, key.runId);
    });
  }
}
