import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canBecome, EPIC_MACHINE, type EpicState, isTerminal } from '../../../domain/states.js';
import * as controls from '../../../workflows/epic/controls.js';
import { forgeEvent, rebaseRequested } from '../../../workflows/epic/landing.js';
import { nextDueMs } from '../../../workflows/epic/next-step.js';
import { EpicSim } from './epic-sim.js';

const BY = { by: 'ada' };
const HOST = { hostQueue: 'h', treeId: 't' };

/** One thing that happens to the epic; `at` picks among what there is. */
type Happening =
  | { readonly kind: 'works' | 'completes' | 'fails' | 'dies' | 'blocks' | 'reviews'; readonly at: number }
  | {
      readonly kind:
        | 'pause'
        | 'resume'
        | 'retry'
        | 'land'
        | 'landed'
        | 'ejected'
        | 'rebase'
        | 'mail'
        | 'answers'
        | 'loses';
    }
  | { readonly kind: 'slots'; readonly at: number }
  | { readonly kind: 'later' | 'allComplete' };

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('works', 'completes', 'fails', 'dies', 'blocks', 'reviews'),
    at: fc.nat(9),
  }) as fc.Arbitrary<Happening>,
  fc.record({
    kind: fc.constantFrom(
      'pause',
      'resume',
      'retry',
      'land',
      'landed',
      'ejected',
      'rebase',
      'mail',
      'answers',
      'loses',
    ),
  }) as fc.Arbitrary<Happening>,
  fc.record({ kind: fc.constant('slots' as const), at: fc.nat(4) }),
  fc.record({ kind: fc.constantFrom('later' as const, 'allComplete' as const) }),
);

function happen(sim: EpicSim, what: Happening) {
  const pick = (at: number): string => [...sim.children.keys()][at % Math.max(1, sim.children.size)] ?? '';
  const entry = { entryId: sim.enqueued ?? '', prNumber: 7 };
  const when = (refusal: unknown, next: Parameters<EpicSim['change']>[0]) =>
    refusal === undefined ? sim.change(next) : undefined;
  switch (what.kind) {
    case 'works':
      return sim.say(pick(what.at), 'IN_PROGRESS');
    case 'completes':
      return sim.say(pick(what.at), 'COMPLETED');
    case 'fails':
      return sim.say(pick(what.at), 'FAILED');
    case 'blocks':
      return sim.say(pick(what.at), 'BLOCKED');
    case 'reviews':
      return sim.say(pick(what.at), 'REVIEW');
    case 'allComplete':
      for (const id of sim.children.keys()) sim.say(id, 'COMPLETED');
      return;
    case 'dies':
      return sim.die(pick(what.at));
    case 'pause':
      return when(controls.whyNotPause(sim.epic, BY), (e) => controls.pause(e, BY, sim.clock));
    case 'resume':
      return when(controls.whyNotResume(sim.epic, BY), (e) => controls.resume(e, BY, sim.clock));
    case 'retry':
      return when(controls.whyNotRetryFailed(sim.epic, BY), (e) => controls.retryFailed(e, BY, sim.clock));
    case 'land':
      return when(controls.whyNotLand(sim.epic, BY), (e) => controls.land(e, BY, sim.clock));
    case 'landed':
      if (sim.enqueued) sim.change((e) => forgeEvent(e, { kind: 'entryLanded', ...entry, mergeSha: 'm' }));
      return;
    case 'ejected': {
      const detail = { evidence: [], failedChecks: [] };
      return sim.change((e) =>
        forgeEvent(e, { kind: 'entryEjected', ...entry, reason: 'CHECKS_FAILED', detail, next: 'mend' }),
      );
    }
    case 'rebase': {
      const request = {
        requestId: sim.clock.newId(),
        ...entry,
        tip: 't',
        headSha: 'h',
        files: ['f'],
        landed: [],
        round: 1,
      };
      return sim.change((e) => rebaseRequested(e, { ...request, maxRounds: 3, dueAt: '' }, sim.clock.newId()));
    }
    case 'mail':
      return sim.change((e) => controls.mailCame(e, { mailId: sim.clock.newId() }));
    case 'answers':
      return sim.endRun({ kind: 'completed', summary: 's', planVersion: 1, host: HOST });
    case 'loses':
      return sim.endRun(undefined);
    case 'slots':
      sim.slots = what.at;
      return sim.change((e) => ({ ...e, slots: what.at }));
    case 'later':
      sim.nowMs = nextDueMs(sim.epic, sim.nowMs) ?? sim.nowMs + 1;
  }
}

function check(sim: EpicSim): void {
  const { epic } = sim;
  // Never in limbo: at rest it has ended, or says whom it waits for.
  if (!epic.ended) expect(epic.waitingFor ?? '').not.toBe('');
  expect(new Set(sim.numbers).size).toBe(sim.numbers.length);
  expect(epic.tasks.filter((task) => task.granted && !task.open)).toEqual([]);
  // A child that is open for the epic lives in the world, and the other way round.
  const open = epic.tasks.filter((task) => task.open).map(({ id }) => id);
  expect([...open].sort()).toEqual([...sim.children.keys()].sort());
  if (epic.pausedBy.length > 0 && !epic.ended) expect(sim.workers()).toEqual([]);
}

/** Everybody helps: people retry and land, children complete, the queue lands. */
async function cooperate(sim: EpicSim): Promise<void> {
  for (let round = 0; round < 200 && !sim.epic.ended; round += 1) {
    for (const what of [
      { kind: 'slots', at: 4 },
      { kind: 'resume' },
      { kind: 'retry' },
      { kind: 'land' },
      { kind: 'answers' },
    ] as const)
      happen(sim, what);
    await sim.drain();
    for (const id of sim.children.keys()) sim.say(id, 'COMPLETED');
    await sim.drain();
    if (sim.children.size === 0 && sim.epic.landing.kind === 'queued' && !sim.epic.landing.rebase)
      happen(sim, { kind: 'landed' });
    happen(sim, { kind: 'later' });
    await sim.drain();
  }
}

const plans = fc
  .array(fc.array(fc.nat(6), { maxLength: 3 }), { minLength: 1, maxLength: 6 })
  .map((edges) =>
    Object.fromEntries(edges.map((on, i) => [`t${i}`, [...new Set(on)].filter((j) => j < i).map((j) => `t${j}`)])),
  );
const settings = fc.record({
  mergeTarget: fc.constantFrom('epic' as const, 'base' as const),
  land: fc.constantFrom('person' as const, 'auto' as const),
});

const followsTable = (states: readonly string[]): boolean =>
  ['PLANNING', ...states].every(
    (to, i, all) => i === 0 || canBecome(EPIC_MACHINE, all[i - 1] as EpicState, to as EpicState),
  );

test('whatever happens, an epic says whom it waits for, and with everybody’s help it completes', async () => {
  await fc.assert(
    fc.asyncProperty(plans, settings, fc.array(happenings, { maxLength: 40 }), async (plan, facts, events) => {
      const sim = new EpicSim(plan, facts);
      await sim.drain();
      for (const event of events) {
        happen(sim, event);
        await sim.drain();
        check(sim);
      }
      await cooperate(sim);
      expect(sim.epic.ended?.kind).toBe('completed');
      expect(followsTable(sim.states)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('an epic cancelled at any moment ends, and leaves no child', async () => {
  await fc.assert(
    fc.asyncProperty(plans, settings, fc.array(happenings, { maxLength: 25 }), async (plan, facts, events) => {
      const sim = new EpicSim(plan, facts);
      await sim.drain();
      for (const event of events) {
        happen(sim, event);
        await sim.drain();
      }
      sim.change((epic) => controls.cancel(epic, BY, sim.clock));
      await sim.drain();
      const left = sim.queue.find(({ kind }) => kind === 'withdraw');
      if (left)
        sim.change((e) =>
          forgeEvent(e, { kind: 'entryWithdrawn', entryId: sim.enqueued ?? '', prNumber: 7, by: 'ada' }),
        );
      await sim.drain();
      expect(isTerminal(EPIC_MACHINE, sim.epic.state)).toBe(true);
      expect([...sim.children.keys()]).toEqual([]);
      expect(sim.epic.run).toBeUndefined();
    }),
    { numRuns: 150 },
  );
});
