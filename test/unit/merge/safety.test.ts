import { expect, test } from '@jest/globals';
import { findEntry, laneMode } from '../../../domain/merge/facts.js';
import { headPushed, landed, mayPush, scheduledPush } from '../../../domain/merge/landing.js';
import { controlReported, markRed, pauseLane } from '../../../domain/merge/lane.js';
import { filterLegal } from '../../../domain/merge/legality.js';
import { askForRebase } from '../../../domain/merge/rebase.js';
import { revalidated } from '../../../domain/merge/remote.js';
import { buildReported } from '../../../domain/merge/reports.js';
import type { QueueState } from '../../../domain/merge/types.js';
import {
  building,
  emptyQueue,
  pathOf,
  planned,
  reported,
  result,
  seated,
  sha,
  T0,
  TARGET,
  TIP,
} from '../../support/merge/states.js';

const WORD = { by: 'ada', reason: 'audit' };
const NOTHING = { form: [], start: [], retry: [], cancel: [], revalidate: [], control: false };
const RED = { tip: TIP, reason: 'r', checks: [] };
const landing = (): QueueState => reported(building(1, 2), 1, result('none'));
/** Both changes may be built at once, and the base is red. */
const redWithRoom = (): QueueState => markRed(seated(emptyQueue({ budget: 5 }), 1), RED, T0);

test('a second control run, and a second landing, are refused while one runs', () => {
  const wanted = { ...NOTHING, control: true };
  const asked = planned(redWithRoom(), T0 + 600_000);
  expect(asked.startControl).toBe(true);
  expect(filterLegal(redWithRoom(), wanted).proposal.control).toBe(true);
  expect(filterLegal(asked.state, wanted).proposal.control).toBe(false);
  const { landing: under, ...before } = landing();
  expect(filterLegal(before, { ...NOTHING, land: 1 }).proposal.land).toBe(1);
  expect(
    filterLegal({ ...before, landing: under } as QueueState, { ...NOTHING, land: 1 }).proposal.land,
  ).toBeUndefined();
});

test('what was prepared is not pushed once the lane is held, the base red, or its author has pushed', () => {
  expect(mayPush(landing(), 1)).toBe(true);
  expect(mayPush(pauseLane(landing(), 'person', WORD, T0), 1)).toBe(false);
  expect(mayPush(markRed(landing(), RED, T0), 1)).toBe(false);
  expect(mayPush(headPushed(landing(), 'e1', sha(9)), 1)).toBe(false);
  expect(mayPush(landing(), 2)).toBe(false);
});

test('a landing that is told twice lands once', () => {
  const once = landed(scheduledPush(landing(), 1, TARGET), 1, TARGET, T0);
  expect(landed(once, 1, TARGET, T0)).toBe(once);
});

test('a control run that is green on another commit than the tip leaves the base red', () => {
  const { state } = planned(redWithRoom(), T0 + 600_000);
  const moved = { ...state, tip: sha(9) };
  expect(laneMode(controlReported(moved, result('none'), T0).lane)).toBe('red');
  expect(laneMode(controlReported(state, result('none'), T0).lane)).toBe('open');
});

test('a build that was ended from outside gives no verdict, whatever it says', () => {
  const state = building(1);
  const { id, attempt } = pathOf(state, 1);
  const told = buildReported(state, { pathId: id, attempt, phase: 'cancelled', result: result('red') }, T0);
  expect([pathOf(told, 1).status, findEntry(planned(told).state, 'e1')?.state]).toEqual(['retrying', 'active']);
});

test('an answer about an earlier base is not taken for one about this base', () => {
  const passed = reported(building(1, 2), 1, result('none'));
  const { id, attempt } = pathOf(passed, 1);
  const moved = { ...passed, epoch: 2 };
  const asked = { pathId: id, attempt, epoch: 1 };
  expect(revalidated(moved, asked, { kind: 'forget' })).toBe(moved);
});

test('the round of a rebase does not end while the lane is held', () => {
  const asked = askForRebase(building(1), { entryId: 'e1', tip: TIP, files: ['a'] }, T0);
  const held = pauseLane(asked, 'person', WORD, T0 + 1);
  expect(findEntry(planned(held, T0 + 1e9).state, 'e1')?.rebase?.round).toBe(1);
});

test('whoever conflicts again after the last round leaves', () => {
  const state = building(1);
  const tired = { ...state, entries: state.entries.map((entry) => ({ ...entry, rounds: state.cfg.rebaseRounds })) };
  const asked = askForRebase(tired, { entryId: 'e1', tip: TIP, files: ['a'] }, T0);
  expect(asked.ended).toMatchObject([{ id: 'e1', state: 'ejected', reason: 'REBASE_EXHAUSTED' }]);
});

test('a head whose author has pushed is not judged by the build of the old one', () => {
  const judged = reported(headPushed(building(1), 'e1', sha(9)), 1, result('none'));
  expect([judged.heads[0]?.state, judged.landing]).toEqual(['open', undefined]);
  const left = reported(headPushed(building(1), 'e1', sha(9)), 1, result('red'));
  expect(findEntry(left, 'e1')?.state).toBe('active');
});
