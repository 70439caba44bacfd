import { type BudgetAccount, type BudgetLimits, type BudgetTotals, whyNotCall } from '../../domain/budget.js';
import { costMicroUsd, priceOf, worstCaseUsage } from '../../domain/pricing.js';
import type { Chance } from './chance.js';
import { must, type Story, type World } from './world.js';

interface Booking {
  readonly run: number;
  readonly task: number;
  readonly turn: number;
  state: 'reserved' | 'settled' | 'lost';
  tokens: number;
  costMicroUsd: number;
}

interface Run {
  readonly id: number;
  readonly task: number;
  turn: number;
  call?: Booking;
}

const PRICE = priceOf('claude-sonnet-5-5');
const SCOPES = ['run', 'task', 'epic'] as const;

/** Runs of one epic that buy replies at once, under limits of run, task and epic; calls are kept, refused, or die. */
class BudgetWorld {
  private readonly limits: Readonly<Record<(typeof SCOPES)[number], BudgetLimits>>;
  private readonly runs: readonly Run[];
  private readonly ledger: Booking[] = [];
  private billed = 0;

  constructor(
    private readonly chance: Chance,
    private readonly story: Story,
  ) {
    this.limits = {
      run: { turns: 1 + chance.below(12), costMicroUsd: 50_000 + chance.below(400_000) },
      task: chance.is(0.5) ? { tokens: 20_000 + chance.below(100_000) } : {},
      epic: { costMicroUsd: 100_000 + chance.below(1_000_000) },
    };
    const count = 1 + chance.below(5);
    this.runs = Array.from({ length: count }, (_, id) => ({ id, task: chance.below(3), turn: 0 }));
  }

  play(): void {
    for (let left = 30 + this.chance.below(120); left > 0; left--) {
      const run = this.runs[this.chance.below(this.runs.length)];
      if (run?.call) this.end(run, run.call);
      else if (run) this.begin(run);
      this.look();
    }
  }

  /** As the model activity does: totals are compared, then the worst case is reserved, then the call is made. */
  private begin(run: Run): void {
    const stop = whyNotCall(SCOPES.map((scope) => this.account(scope, run)));
    if (stop) {
      this.story.tell(`run ${run.id} is stopped by the ${stop.of} of its ${stop.scope}`);
      must(stop.used >= stop.limit, 'nobody is stopped before a limit', () => `${stop.used} of ${stop.limit}`);
      return;
    }
    const worst = worstCaseUsage(2_000 + this.chance.below(20_000), 1_000 + this.chance.below(4_000));
    const tokens = worst.inputTokens + worst.cacheWrite5mTokens + worst.cacheWrite1hTokens + worst.outputTokens;
    const call: Booking = {
      run: run.id,
      task: run.task,
      turn: run.turn,
      state: 'reserved',
      tokens,
      costMicroUsd: costMicroUsd(worst, PRICE),
    };
    this.ledger.push(call);
    run.call = call;
    this.story.tell(`run ${run.id} calls, at most ${call.costMicroUsd} µ$`);
  }

  private end(run: Run, call: Booking): void {
    delete run.call;
    const used = this.chance.number();
    switch (this.chance.pick(['kept', 'refused', 'dies'])) {
      case 'refused':
        this.ledger.splice(this.ledger.indexOf(call), 1);
        this.tell(run, 'is refused');
        break;
      case 'dies':
        // Billed or not: nobody knows, so it stays booked in full.
        this.billed += this.chance.is(0.5) ? Math.floor(call.costMicroUsd * used) : 0;
        call.state = 'lost';
        this.tell(run, 'loses its call');
        break;
      default:
        call.tokens = Math.floor(call.tokens * used);
        call.costMicroUsd = Math.floor(call.costMicroUsd * used);
        this.billed += call.costMicroUsd;
        call.state = 'settled';
        run.turn += 1;
        this.tell(run, `pays ${call.costMicroUsd} µ$`);
    }
  }

  private tell(run: Run, what: string): void {
    this.story.tell(`run ${run.id} ${what}`);
  }

  private account(scope: (typeof SCOPES)[number], run: Run): BudgetAccount {
    return { scope, limits: this.limits[scope], totals: totalsOf(this.bookings(scope, run, ['settled', 'lost'])) };
  }

  private bookings(scope: (typeof SCOPES)[number], run: Run, states: readonly Booking['state'][]): readonly Booking[] {
    return this.ledger.filter(
      (one) =>
        states.includes(one.state) &&
        (scope === 'epic' || (scope === 'task' ? one.task === run.task : one.run === run.id)),
    );
  }

  /** An overrun is at most the calls in flight when the limit was crossed: one a run. */
  private look(): void {
    const spent = totalsOf(this.ledger).costMicroUsd;
    must(spent >= this.billed, 'the ledger shows at least the bill', () => `${spent} of ${this.billed}`);
    for (const run of this.runs) {
      for (const scope of SCOPES) {
        const all = this.bookings(scope, run, ['settled', 'lost', 'reserved']);
        const sharers =
          scope === 'run' ? 1 : this.runs.filter((one) => scope === 'epic' || one.task === run.task).length;
        this.lookAtLimit(`${scope} of run ${run.id}`, this.limits[scope], all, sharers);
      }
    }
  }

  private lookAtLimit(what: string, limits: BudgetLimits, all: readonly Booking[], sharers: number): void {
    const totals = totalsOf(all);
    const largest = (unit: 'tokens' | 'costMicroUsd'): number =>
      all
        .map((one) => one[unit])
        .toSorted((a, b) => b - a)
        .slice(0, sharers)
        .reduce((sum, value) => sum + value, 0);
    for (const unit of ['tokens', 'costMicroUsd'] as const) {
      const limit = limits[unit];
      if (limit === undefined) continue;
      const most = limit + largest(unit);
      must(
        totals[unit] < Math.max(1, most),
        'an overrun is one call a run',
        () => `${what}: ${totals[unit]} ${unit} of ${limit}`,
      );
    }
    const most = limits.turns;
    must(most === undefined || totals.turns <= most, 'turns stay within the limit', () => `${what}: ${totals.turns}`);
  }
}

const totalsOf = (bookings: readonly Booking[]): BudgetTotals => ({
  turns: bookings.filter(({ state }) => state === 'settled').length,
  tokens: bookings.reduce((sum, { tokens }) => sum + tokens, 0),
  costMicroUsd: bookings.reduce((sum, one) => sum + one.costMicroUsd, 0),
});

export const budgetWorld: World = {
  name: 'budget',
  seeds: 2_000,
  run: (chance, story) => new BudgetWorld(chance, story).play(),
};
