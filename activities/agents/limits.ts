import {
  type BudgetAccount,
  type BudgetLimits,
  type BudgetStop,
  DEFAULT_EPIC_LIMITS,
  whyNotCall,
} from '../../domain/budget.js';
import type { BudgetHit } from '../../workflows/contract/activities/agents.js';
import type { AgentRun } from '../store/agent-run.repository.js';
import type { SpentTotals } from '../store/usage.repository.js';

const microUsd = (dollars: number | undefined): number | undefined =>
  dollars === undefined ? undefined : Math.round(dollars * 1_000_000);

const defined = ({
  turns,
  tokens,
  costMicroUsd,
}: { readonly [K in keyof BudgetLimits]: number | undefined }): BudgetLimits => ({
  ...(turns === undefined ? {} : { turns }),
  ...(tokens === undefined ? {} : { tokens }),
  ...(costMicroUsd === undefined ? {} : { costMicroUsd }),
});

/** Each grant of a person adds the whole allowance once more. */
const granted = (limits: BudgetLimits, grants: number): BudgetLimits => {
  const times = (value: number | undefined): number | undefined =>
    value === undefined ? undefined : value * (1 + grants);
  return defined({
    turns: times(limits.turns),
    tokens: times(limits.tokens),
    costMicroUsd: times(limits.costMicroUsd),
  });
};

/**
 * The project's limits over those of the installation; a task has none of its own unless the project sets one.
 * @param ofRun what a run may use unless its project says otherwise
 */
export function limitsOf(
  { limits, epicBudgetMicroUsd }: AgentRun,
  ofRun: BudgetLimits,
): Readonly<Record<'run' | 'task' | 'epic', BudgetLimits>> {
  const { run, task, epic } = limits ?? {};
  return {
    run: {
      ...ofRun,
      ...defined({ turns: run?.turns, tokens: run?.tokens, costMicroUsd: microUsd(run?.dollars) }),
    },
    task: defined({ turns: undefined, tokens: task?.tokens, costMicroUsd: microUsd(task?.dollars) }),
    epic: {
      ...DEFAULT_EPIC_LIMITS,
      ...defined({
        turns: undefined,
        tokens: epic?.tokens,
        costMicroUsd: epicBudgetMicroUsd ?? microUsd(epic?.dollars),
      }),
    },
  };
}

const WHAT = { turns: 'turns', tokens: 'tokens', cost: 'money' } as const;

export interface Spent {
  readonly totals: SpentTotals;
  /** How often a person let the run go on behind a limit. */
  readonly grants: number;
}

/** The limit that the recorded totals have reached, if any. */
export function budgetStop(run: AgentRun, { totals, grants }: Spent, ofRun: BudgetLimits): BudgetStop | undefined {
  const limits = limitsOf(run, ofRun);
  const accounts = (['run', 'task', 'epic'] as const).map(
    (scope): BudgetAccount => ({ scope, limits: granted(limits[scope], grants), totals: totals[scope] }),
  );
  return whyNotCall(accounts);
}

/** The same, as workflows are told. */
export function budgetHit(run: AgentRun, spent: Spent, ofRun: BudgetLimits): BudgetHit | undefined {
  const stop = budgetStop(run, spent, ofRun);
  if (!stop) return undefined;
  return { scope: stop.scope, what: WHAT[stop.of], spent: stop.used, limit: stop.limit };
}
