import { Failure } from '../../domain/failures.js';
import { type CallUsage, costMicroUsd, type ModelPrice, worstCaseUsage } from '../../domain/pricing.js';
import { type BlobStore, isFileText, refOf } from '../../infra/artifacts.js';
import type { Pools } from '../../infra/pg/pools.js';
import { withBatch, withTransaction } from '../../infra/pg/transaction.js';
import type { AgentRun } from '../store/agent-run.repository.js';
import { endClaim, MODEL_CALL_ID, openClaim } from '../store/claim.repository.js';
import { insertReply, type KeptReply } from '../store/turn.repository.js';
import {
  bookLost,
  type LedgerKey,
  refreshRunTotals,
  releaseReservation,
  reserveUnlessKept,
  settle,
  settleReply,
} from '../store/usage.repository.js';

export interface CallStart {
  readonly run: AgentRun;
  readonly turn: number;
  readonly fence: string;
  /** What the turn adds, as it is kept. */
  readonly requestText: string;
  readonly requestBytes: number;
  readonly model: string;
  readonly maxTokens: number;
  readonly price: ModelPrice;
}

export interface BegunCall {
  readonly key: LedgerKey;
  readonly requestRef: string;
}

export interface Kept {
  readonly reply: KeptReply;
  /** Texts that the reply names. */
  readonly texts: readonly string[];
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
  constructor(
    private readonly pools: Pools,
    private readonly blobs: BlobStore,
  ) {}

  /**
   * Keeps the request, claims the turn's call and reserves its money; calls of dead attempts become `lost`. Undefined
   * when another attempt has kept a reply meanwhile: the claim's row is locked, so nothing comes between the two.
   */
  async begin(start: CallStart): Promise<BegunCall | undefined> {
    const { run, turn, price } = start;
    const { runId } = run;
    const worst = worstCaseUsage(start.requestBytes, start.maxTokens);
    const requestRef = refOf(start.requestText);
    const small = await this.keepFiles([start.requestText]);
    const claim = { runId, turn, callId: MODEL_CALL_ID, tool: MODEL_CALL_ID, inputRef: requestRef, fence: start.fence };
    const reservation = {
      runId,
      turn,
      taskId: run.taskId,
      epicId: run.epicId,
      projectId: run.projectId,
      model: start.model,
      worst,
      costMicroUsd: costMicroUsd(worst, price),
    };
    // In this order: the claim shuts out a second attempt, and is locked when the reservation looks at it.
    const attempt = await withBatch(this.pools.writes, async (tx) => {
      const [, , reserved] = await Promise.all([
        openClaim(tx, claim),
        bookLost(tx, runId, turn),
        reserveUnlessKept(tx, reservation),
        ...small.map((text) => this.blobs.put(text, tx)),
      ]);
      return reserved;
    });
    return attempt === undefined ? undefined : { requestRef, key: { runId, turn, attempt } };
  }

  /**
   * The reply with its texts and its usage, in one transaction. False when another attempt's reply is kept already;
   * both stay booked.
   */
  async keep(key: LedgerKey, { reply, texts }: Kept): Promise<boolean> {
    const { runId, turn } = key;
    const small = await this.keepFiles(texts);
    const claim = { runId, turn, callId: MODEL_CALL_ID };
    return withBatch(this.pools.writes, async (tx) => {
      // The claim first, because that locks it: an attempt that begins waits, and then finds the reply.
      const [, isKept] = await Promise.all([
        endClaim(tx, { ...claim, state: 'done', resultRef: reply.responseRef }),
        insertReply(tx, reply),
        settleReply(tx, key, reply),
        refreshRunTotals(tx, runId),
        ...small.map((text) => this.blobs.put(text, tx)),
      ]);
      return isKept;
    });
  }

  /** Puts those that become files on the disk, before a row names them. Answers the others, which go with that row. */
  private async keepFiles(texts: readonly string[]): Promise<readonly string[]> {
    await Promise.all(texts.filter(isFileText).map((text) => this.blobs.put(text)));
    return texts.filter((text) => !isFileText(text));
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
