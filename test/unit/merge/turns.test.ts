import { expect, test } from '@jest/globals';
import { nextDueAtMs } from '../../../domain/merge/clock.js';
import { findEntry, rankedHeads } from '../../../domain/merge/facts.js';
import { landed, scheduledPush } from '../../../domain/merge/landing.js';
import { askForRebases, holdAuthor } from '../../../domain/merge/rebase.js';
import { inspected, ownerPushed } from '../../../domain/merge/remote.js';
import { buildReported } from '../../../domain/merge/reports.js';
import type { QueueState } from '../../../domain/merge/types.js';
import { building, pathOf, planned, reported, result, sha, T0, TARGET, TIP } from '../../support/merge/states.js';

const TURN_MS = 10 * 60_000;
const over = (files: readonly string[], ...numbers: readonly number[]) =>
  numbers.map((n) => ({ entryId: `e${n}`, tip: TIP, files }));
const asked = ({ entries }: QueueState): readonly string[] =>
  entries.filter(({ rebase }) => rebase).map(({ id }) => id);
const started = (state: QueueState, nowMs = T0): readonly number[] =>
  planned(state, nowMs).start.map(({ head }) => head);

/** Builds of heads that are gone are seen closed, which frees their slots. */
const freed = (state: QueueState): QueueState =>
  state.paths.reduce((next, { id: pathId, attempt, head }) => {
    const isGone = !next.heads.some(({ id, state: is }) => id === head && is === 'open');
    return isGone ? buildReported(next, { pathId, attempt, phase: 'cancelled' }, T0) : next;
  }, planned(state).state);

/** The author pushed; its head is read, and merges. */
function answered(state: QueueState, n: number): QueueState {
  const headSha = sha(2_000 + n);
  const pushed = ownerPushed(state, `e${n}`, headSha, T0);
  const { touch, score } = findEntry(pushed, `e${n}`) ?? {};
  if (!touch || !score) throw new Error(`no entry e${n}`);
  const found = { kind: 'ready', headSha, patchId: 'p', title: 't', touch, score } as const;
  return planned(inspected(pushed, { entryId: `e${n}`, headSha, tip: pushed.tip }, found, T0)).state;
}

/** As if it had been asked so often, by default for the last time but one, and had answered. */
const tired = (state: QueueState, n: number, rounds = 2): QueueState => ({
  ...state,
  entries: state.entries.map((entry) => (entry.id === `e${n}` ? { ...entry, rounds } : entry)),
});

test('of those that conflict over one file the first is asked, and the next once that has landed', () => {
  let state = freed(askForRebases(building(1, 2, 3), over(['a'], 3, 2, 1), T0));
  expect([asked(state), state.notices.length]).toEqual([['e1'], 1]);
  expect(state.entries.map((entry) => entry.state)).toEqual(['rebasing', 'rebasing', 'rebasing']);
  state = answered(planned(state).state, 1);
  expect(asked(state)).toEqual([]);
  const head = findEntry(state, 'e1')?.state === 'active' ? (state.heads.at(-1)?.id ?? 0) : 0;
  state = reported(state, head, result('none'));
  state = planned(landed(scheduledPush(state, head, TARGET), head, TARGET, T0)).state;
  expect(asked(state)).toEqual(['e2']);
  expect(findEntry(state, 'e2')?.rebase).toMatchObject({
    requestId: 'e2/1',
    round: 1,
    tip: TARGET.commit,
    files: ['a'],
  });
});

test('those that conflict over different files are asked together', () => {
  const state = askForRebases(building(1, 2, 3), [...over(['a'], 1), ...over(['b', 'c'], 2), ...over(['c'], 3)], T0);
  expect(asked(state)).toEqual(['e1', 'e2']);
});

test('an author who does not answer holds the others for a third of a round, and one who is paused for none of it', () => {
  const state = askForRebases(building(1, 2), over(['a'], 1, 2), T0);
  expect([nextDueAtMs(state, T0), nextDueAtMs(state, T0 + TURN_MS)]).toEqual([T0 + TURN_MS, T0 + 3 * TURN_MS]);
  expect(asked(planned(state, T0 + TURN_MS - 1).state)).toEqual(['e1']);
  expect(asked(planned(state, T0 + TURN_MS).state)).toEqual(['e1', 'e2']);
  expect(asked(planned(holdAuthor(state, 'e1', true, T0)).state)).toEqual(['e1', 'e2']);
});

test('who has answered is not overtaken while its head is still to be read', () => {
  const two = planned(freed(askForRebases(building(1, 2), over(['a'], 1), T0))).state;
  const path = pathOf(two, 2);
  const back = ownerPushed(two, 'e1', sha(50), T0);
  const passed = { pathId: path.id, attempt: 1, phase: 'verdict', result: result('none') } as const;
  const held = planned(buildReported(back, passed, T0));
  expect([held.land, held.state.heads.find(({ id }) => id === 2)?.state]).toEqual([undefined, 'open']);
  expect(planned(buildReported(two, passed, T0)).land).toBe(2);
});

test('before the last answer nothing else is built or lands, for a third of a round', () => {
  const others = freed(askForRebases(tired(building(1, 2), 1), over(['a'], 1), T0));
  expect(findEntry(others, 'e1')?.rebase?.round).toBe(3);
  expect(started(others)).toEqual([]);
  expect(started(others, T0 + TURN_MS)).toEqual([2]);
  expect(started(holdAuthor(others, 'e1', true, T0))).toEqual([2]);
  expect(started(freed(askForRebases(building(1, 2), over(['a'], 1), T0)))).toEqual([2]);
});

test('who has answered the last request goes before those with an earlier seat, as far as they are not landing', () => {
  const order = (state: QueueState) => rankedHeads(state).flatMap(({ members }) => members);
  expect(order(tired(building(1, 2, 3), 3, 3))).toEqual(['e3', 'e1', 'e2']);
  expect(order(tired(building(1, 2, 3), 3, 2))).toEqual(['e1', 'e2', 'e3']);
  expect(order(tired(reported(building(1, 2, 3), 1, result('none')), 3, 3))).toEqual(['e1', 'e3', 'e2']);
});

test('nobody is asked for the last time while another lands, and nothing more begins to', () => {
  const landing = tired(reported(building(1, 2, 3), 1, result('none')), 2);
  const state = planned(askForRebases(landing, over(['a'], 2), T0));
  expect([asked(state.state), state.start]).toEqual([[], []]);
  const after = planned(landed(scheduledPush(state.state, 1, TARGET), 1, TARGET, T0));
  expect([asked(after.state), after.start]).toEqual([['e2'], []]);
});
