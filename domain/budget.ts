/** A missing limit does not limit. */
export interface BudgetLimits {
  readonly turns?: number;
  readonly tokens?: number;
  readonly costMicroUsd?: number;
}

export interface BudgetTotals {
  readonly turns: number;
  readonly tokens: number;
  readonly costMicroUsd: number;
}

export type BudgetScope = 'run' | 'task' | 'epic';

/** What a run may use unless its project says otherwise. */
export const DEFAULT_RUN_LIMITS: BudgetLimits = { turns: 100, tokens: 2_000_000, costMicroUsd: 5_000_000 };
export const DEFAULT_EPIC_LIMITS: BudgetLimits = { costMicroUsd: 50_000_000 };

export interface BudgetStop {
  readonly scope: BudgetScope;
  readonly of: 'turns' | 'tokens' | 'cost';
  readonly used: number;
  readonly limit: number;
}

export interface BudgetAccount {
  readonly scope: BudgetScope;
  readonly limits: BudgetLimits;
  readonly totals: BudgetTotals;
}

const whyNot = ({ scope, limits, totals }: BudgetAccount): BudgetStop | undefined => {
  const rows = [
    { of: 'turns', used: totals.turns, limit: limits.turns },
    { of: 'tokens', used: totals.tokens, limit: limits.tokens },
    { of: 'cost', used: totals.costMicroUsd, limit: limits.costMicroUsd },
  ] as const;
  for (const { of, used, limit } of rows) {
    if (limit !== undefined && used >= limit) return { scope, of, used, limit };
  }
  return undefined;
};

/**
 * The first limit that is reached. Totals are compared before a call, so an overrun is at most the one call that
 * crossed the limit: nothing in flight is cut off.
 */
export function whyNotCall(accounts: readonly BudgetAccount[]): BudgetStop | undefined {
  for (const account of accounts) {
    const stop = whyNot(account);
    if (stop) return stop;
  }
  return undefined;
}

const dollars = (microUsd: number): string => `$${(microUsd / 1_000_000).toFixed(2)}`;

/** One line for mail and UI: what is used up. */
export function describeStop({ scope, of, used, limit }: BudgetStop): string {
  const figures = of === 'cost' ? `${dollars(used)} of ${dollars(limit)}` : `${used} of ${limit} ${of}`;
  return `The ${scope} has used ${figures}.`;
}
