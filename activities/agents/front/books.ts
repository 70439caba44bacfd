import { type BudgetLimits, DEFAULT_RUN_LIMITS, describeStop } from '../../../domain/budget.js';
import { type CallUsage, costMicroUsd, type ModelPrice, priceOf, worstCaseUsage } from '../../../domain/pricing.js';
import type { Pools } from '../../../infra/pg/pools.js';
import type { Tx } from '../../../infra/pg/statement.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import type { AgentRun } from '../../store/agent-run.repository.js';
import {
  bookLost,
  refreshRunTotals,
  releaseReservation,
  reserve,
  settle,
  spentTotals,
} from '../../store/usage.repository.js';
import { budgetStop } from '../limits.js';

/** A call whose worst case is reserved. Exactly one of the three ends it. */
export interface BookedCall {
  /** It is paid, and this is what it used. */
  settle(usage: CallUsage): Promise<void>;
  /** The vendor refused it: nothing was bought. */
  release(): Promise<void>;
  /** It broke off: it may have been paid in full. */
  lose(): Promise<void>;
}

export interface Books {
  /** Reserves the worst case of a call, or says in a sentence which limit forbids it. */
  begin(call: { readonly requestBytes: number; readonly maxTokens: number }): Promise<BookedCall | string>;
}

export interface BooksDeps {
  readonly pools: Pools;
  /** Of the host's configuration; wins over the built-in table. */
  readonly prices: Readonly<Record<string, ModelPrice>>;
  /** What a run may use unless its project says otherwise. */
  readonly runLimits?: BudgetLimits;
}

/** The books of what a program buys in one turn of its run. Its calls are one turn's attempts, and each is kept. */
export const runBooks = (
  { pools, prices, runLimits }: BooksDeps,
  { run, turn, model }: { readonly run: AgentRun; readonly turn: number; readonly model: string },
): Books => {
  const { runId, taskId, epicId, projectId } = run;
  const price = priceOf(model, prices);
  const write = (change: (tx: Tx) => Promise<void>): Promise<void> =>
    withTransaction(pools.writes, async (tx) => {
      await change(tx);
      await refreshRunTotals(tx, runId);
    });
  return {
    async begin({ requestBytes, maxTokens }) {
      const totals = await spentTotals(pools.writes, runId);
      const stop = budgetStop(run, { totals, grants: 0 }, runLimits ?? DEFAULT_RUN_LIMITS);
      if (stop) return describeStop(stop);
      const worst = worstCaseUsage(requestBytes, maxTokens);
      const who = { runId, turn, taskId, epicId, projectId, model };
      const attempt = await withTransaction(pools.writes, (tx) =>
        reserve(tx, { ...who, worst, costMicroUsd: costMicroUsd(worst, price) }),
      );
      const key = { runId, turn, attempt };
      return {
        settle: (usage) =>
          write((tx) => settle(tx, key, { usage, costMicroUsd: costMicroUsd(usage, price), isKept: true })),
        release: () => write((tx) => releaseReservation(tx, key)),
        lose: () => write((tx) => bookLost(tx, runId, turn, attempt)),
      };
    },
  };
};
