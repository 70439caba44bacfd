// What must hold of a merge queue at every moment, said without the planner's own words where that is possible.
import { filterLegal } from '../../../domain/merge/legality.js';
import { type Plan, plan } from '../../../domain/merge/plan.js';
import type { QueueState } from '../../../domain/merge/types.js';
import { copyOf } from '../../support/merge/states.js';
import { must } from '../world.js';
import type { QueueWorld } from './queue-world.js';

/** Slots, refusals, and the same plan from a copy of the state. */
export function lookAtPlan(before: QueueState, next: Plan, nowMs: number): void {
  // Replays must see the same plan; one in eight is enough to see that they do.
  if (before.gen % 8 === 0) {
    const again = JSON.stringify(plan(copyOf(before), nowMs));
    must(again === JSON.stringify(next), 'one state, one plan', () => 'a copy of the state gave another plan');
  }
  must(next.refusals.length === 0, 'the planner proposes what is legal', () => next.refusals.join('; '));
  const { paths, control, cfg, landing } = next.state;
  const builds = paths.filter(({ status }) => status === 'building' || status === 'cancelling').length;
  const used = builds + Number(control !== undefined);
  must(used <= cfg.budget, 'builds stay within the slots', () => `${used} of ${cfg.budget}`);
  must(
    next.land === undefined || (before.landing === undefined && landing?.head === next.land),
    'one landing at a time',
    () => `head ${next.land} beside head ${before.landing?.head}`,
  );
  must(
    landing === undefined || next.state.heads.find(({ id }) => id === landing.head)?.state === 'merging',
    'what lands is merging',
    () => `head ${landing?.head}`,
  );
  const idle = filterLegal(next.state, { form: [], start: [], retry: [], cancel: [], revalidate: [], control: false });
  must(idle.refusals.length === 0, 'to do nothing is legal', () => idle.refusals.join('; '));
}

/** Who answers every request is never sent away for what the queue itself landed meanwhile. */
export function lookAtPatience({ ended }: QueueState): void {
  const tired = ended.find(({ reason }) => reason === 'REBASE_EXHAUSTED');
  must(tired === undefined, 'nobody who answers is sent away', () => `${tired?.id} was asked too often`);
}

/**
 * A head that starts to merge leaves no earlier one of equal priority behind that could have gone first; but one that
 * was sent back as often as may be goes before all.
 */
export function lookAtOrder(before: QueueState, after: QueueState): void {
  const entriesOf = (members: readonly string[]) => after.entries.filter(({ id }) => members.includes(id));
  const open = after.heads.filter(({ state }) => state === 'open').flatMap(({ members }) => entriesOf(members));
  for (const head of after.heads) {
    if (head.state !== 'merging' || before.heads.find(({ id }) => id === head.id)?.state === 'merging') continue;
    for (const entry of entriesOf(head.members)) {
      if (entry.rounds >= after.cfg.rebaseRounds) continue;
      const passed = open.find((other) => other.seq < entry.seq && other.priority >= entry.priority);
      must(passed === undefined, 'nobody is overtaken', () => `${entry.id} overtook ${passed?.id}`);
    }
  }
}

/** An entry is ejected for its checks only if they fail on the very tree that would have landed, and the base is green. */
export function lookAtVerdicts({ state, remote }: QueueWorld, before: QueueState): void {
  for (const ended of state.ended) {
    if (ended.reason !== 'CHECKS_FAILED' || before.ended.some(({ id }) => id === ended.id)) continue;
    const change = remote.changes.get(ended.prNumber);
    if (!change) continue;
    must(
      !remote.passes(remote.with(state.tip, [change])),
      'nobody is ejected for what passes',
      () => `#${change.n} passes on ${state.tip.slice(-4)}`,
    );
    must(remote.isGreen(state.tip), 'nobody is ejected for a red base', () => `#${change.n} on ${state.tip.slice(-4)}`);
  }
}

/** Entries are conserved, and each sits in one head or in none, as its state says. */
export function lookAtEntries({ state, rows, remote }: QueueWorld): void {
  const living = state.entries.map(({ id }) => id);
  const ended = [...rows.ended.keys(), ...state.unrecorded.map(({ ended: { id } }) => id)];
  const all = [...living, ...ended];
  const lost = rows.admitted.filter(({ entryId }) => !all.includes(entryId) && rows.find(entryId) !== undefined);
  must(
    all.length === new Set(all).size && lost.length === 0,
    'entries are neither lost nor doubled',
    () => `lost ${lost.map(({ entryId }) => entryId)}; living ${living}; ended ${ended}`,
  );
  for (const entry of state.entries) {
    const heads = state.heads.filter(
      (head) => (head.state === 'open' || head.state === 'merging') && head.members.includes(entry.id),
    );
    must(
      (entry.state === 'active') === (heads.length === 1) && heads.length < 2,
      'an active entry is in one head',
      () => `${entry.id} is ${entry.state} in ${heads.length} heads`,
    );
  }
  for (const [n, times] of remote.merges) must(times === 1, 'a change lands once', () => `#${n} landed ${times} times`);
  for (const [entryId, as] of rows.ended) {
    const n = rows.find(entryId)?.prNumber ?? 0;
    const isIn = remote.treeOf(remote.tip).has(n);
    must(isIn === (as === 'landed'), 'the rows say what the base holds', () => `${entryId} is ${as}, in base: ${isIn}`);
  }
}
