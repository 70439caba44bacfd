import { describe, expect, test } from '@jest/globals';
import {
  admit,
  admittedAs,
  reprioritise,
  whyNotAdmit,
  whyNotReprioritise,
  whyNotWithdraw,
  withdraw,
} from '../../../domain/merge/admit.js';
import { ENTRY_TRANSITIONS, moveEntry } from '../../../domain/merge/change.js';
import { isIdle, nextDueAtMs } from '../../../domain/merge/clock.js';
import { DEFAULT_SCORE, soundScore } from '../../../domain/merge/config.js';
import { findEntry, laneMode, rankedHeads, usedSlots } from '../../../domain/merge/facts.js';
import { landed, mayPush, notLanded, scheduledPush } from '../../../domain/merge/landing.js';
import { controlReported, drainLane, markRed, openLane, pauseLane, unpauseLane } from '../../../domain/merge/lane.js';
import { membersOfPath } from '../../../domain/merge/plan.js';
import { askForRebase, holdAuthor } from '../../../domain/merge/rebase.js';
import { ownerPushed, remoteRead, revalidated, swept } from '../../../domain/merge/remote.js';
import { buildReported, buildVanished } from '../../../domain/merge/reports.js';
import type { EntryState, QueueState } from '../../../domain/merge/types.js';
import {
  admission,
  building,
  conflict,
  emptyQueue,
  pathOf,
  planned,
  reported,
  result,
  score,
  seated,
  sha,
  T0,
  TARGET,
  TIP,
} from '../../support/merge/states.js';

const WORD = { by: 'ada', reason: 'audit' };
describe('entries', () => {
  test('every pair of states is allowed or refused as the table says', () => {
    const states = Object.keys(ENTRY_TRANSITIONS) as EntryState[];
    const start = seated(emptyQueue(), 1);
    for (const from of states)
      for (const to of states) {
        const state = { ...start, entries: start.entries.map((entry) => ({ ...entry, state: from })) };
        const allowed = (ENTRY_TRANSITIONS[from] as readonly EntryState[]).includes(to);
        const move = () => moveEntry(state, 'e1', to, { nowMs: T0 });
        if (allowed) expect(move().entries[0]?.state).toBe(to);
        else expect(move).toThrow(`${from} cannot become ${to}`);
      }
  });

  test('an admission is repeated by its id, or by pull request and head; another head is refused', () => {
    const state = admit(emptyQueue(), admission(1), T0);
    expect(admittedAs(state, admission(1, { entryId: 'again' }))).toEqual({ entryId: 'e1', state: 'queued' });
    expect(whyNotAdmit(state, admission(1))).toBeUndefined();
    expect(whyNotAdmit(state, admission(1, { entryId: 'again', headSha: sha(9) }))?.code).toBe('PR_ALREADY_QUEUED');
    const ended = withdraw(state, { entryId: 'e1', by: 'ada' }, T0);
    expect(admittedAs(ended, admission(1))).toEqual({ entryId: 'e1', state: 'withdrawn' });
    expect(whyNotAdmit(ended, admission(1, { entryId: 'new' }))).toBeUndefined();
  });

  test('a full queue and a draining lane take nobody, nor does anything malformed get in', () => {
    const full = admit(emptyQueue({ maxEntries: 1 }), admission(1), T0);
    expect(whyNotAdmit(full, admission(2))?.code).toBe('QUEUE_FULL');
    expect(whyNotAdmit(drainLane(emptyQueue(), WORD, T0), admission(2))?.code).toBe('LANE_DRAINING');
    for (const wrong of [{ headSha: 'abc' }, { prNumber: 0 }, { owner: '' }, { title: '' }, { priority: 7 as never }])
      expect(whyNotAdmit(emptyQueue(), admission(2, wrong))?.code).toBe('INVALID_ENTRY');
  });

  test('are withdrawn until their push is scheduled', () => {
    const passed = reported(building(1), 1, result('none'));
    expect(passed.landing).toEqual({ head: 1, stage: 'preparing' });
    expect(whyNotWithdraw(passed, 'e1')).toBeUndefined();
    const withdrawn = withdraw(passed, { entryId: 'e1', by: 'ada' }, T0);
    expect([mayPush(passed, 1), mayPush(withdrawn, 1)]).toEqual([true, false]);
    expect(whyNotWithdraw(scheduledPush(passed, 1, TARGET), 'e1')?.type).toBe('InvalidState');
    expect(whyNotWithdraw(passed, 'none')?.type).toBe('NotFound');
    expect(whyNotWithdraw(withdrawn, 'e1')).toMatchObject({
      type: 'InvalidState',
      message: 'the entry is withdrawn already',
    });
  });

  test('of higher priority go first, merging ones before all; a running build is not stopped for them', () => {
    const state = reprioritise(building(1, 2, 3), { entryId: 'e3', priority: 2, by: 'ada', reason: 'now' }, T0);
    expect(rankedHeads(state).map((head) => head.members[0])).toEqual(['e3', 'e1', 'e2']);
    const next = planned(state);
    expect([next.cancel, next.start, usedSlots(next.state)]).toEqual([[], [], 1]);
    expect(reported(next.state, 1, result('none')).paths.map((path) => [path.head, path.status])).toEqual([
      [1, 'passed'],
      [3, 'building'],
    ]);
    expect(whyNotReprioritise(state, 'e9', 'now')?.type).toBe('NotFound');
  });
});

describe('builds', () => {
  test('infrastructure, a cancellation from outside and silence are tried again, later each time, for ever', () => {
    let state = building(1);
    let nowMs = T0;
    const waits: number[] = [];
    for (const how of ['infra', 'cancelled', 'vanished', 'infra', 'infra']) {
      const { id, attempt } = pathOf(state, 1);
      state =
        how === 'vanished'
          ? buildVanished(state, id, attempt, nowMs)
          : buildReported(
              state,
              {
                pathId: id,
                attempt,
                phase: how === 'infra' ? 'verdict' : 'cancelled',
                ...(how === 'infra' ? { result: result('infra') } : {}),
              },
              nowMs,
            );
      waits.push((nextDueAtMs(state, nowMs) ?? 0) - nowMs);
      expect(planned(state, nowMs).start).toEqual([]);
      nowMs = nextDueAtMs(state, nowMs) ?? 0;
      state = planned(state, nowMs).state;
    }
    expect(waits).toEqual([30_000, 120_000, 300_000, 300_000, 300_000]);
    expect(pathOf(state, 1).attempt).toBe(6);
    expect(findEntry(state, 'e1')?.state).toBe('active');
  });

  test('speak once: a repeat, another attempt and an unknown path are dropped', () => {
    const state = building(1);
    const { id } = pathOf(state, 1);
    const red = { pathId: id, attempt: 1, phase: 'verdict', result: result('red') } as const;
    expect(buildReported(state, { ...red, attempt: 2 }, T0)).toBe(state);
    expect(buildReported(state, { ...red, pathId: 'x' }, T0)).toBe(state);
    const once = buildReported(state, red, T0);
    expect(buildReported(once, { ...red, result: result('none') }, T0)).toBe(once);
  });

  test('that were cancelled keep their slot until they are seen closed', () => {
    const left = planned(withdraw(building(1, 2), { entryId: 'e1', by: 'ada' }, T0));
    expect(left.cancel.map((path) => path.head)).toEqual([1]);
    expect([left.start, usedSlots(left.state)]).toEqual([[], 1]);
    const { id, attempt } = pathOf(left.state, 1);
    const closed = planned(buildReported(left.state, { pathId: id, attempt, phase: 'cancelled' }, T0));
    expect(closed.start.map((path) => path.head)).toEqual([2]);
  });

  test('red on a base that is red blames nobody; the lane turns red and nothing else is built', () => {
    const state = reported(building(1, 2), 1, result('inherited', { tip: TIP }));
    expect(laneMode(state.lane)).toBe('red');
    expect(state.entries.map((entry) => entry.state)).toEqual(['active', 'active']);
    expect(usedSlots(state)).toBe(0);
    expect(nextDueAtMs(state, T0)).toBe(T0 + 600_000);
    const control = planned(state, T0 + 600_000);
    expect([control.startControl, usedSlots(control.state)]).toEqual([true, 1]);
    const green = planned(controlReported(control.state, result('none'), T0));
    expect([laneMode(green.state.lane), green.start.map((path) => path.head)]).toEqual(['open', [1]]);
  });

  test('a conflict asks for a rebase; nothing to merge counts as landed', () => {
    const state = reported(building(1, 2), 1, conflict(['a.txt']));
    expect(findEntry(state, 'e1')).toMatchObject({
      state: 'rebasing',
      rounds: 1,
      rebase: { files: ['a.txt'], tip: TIP },
    });
    const empty = reported(state, 2, result('empty'));
    expect(empty.ended).toMatchObject([{ id: 'e2', state: 'landed', reason: 'ALREADY_IN_BASE', mergeSha: TIP }]);
    expect(empty.marks.map((mark) => mark.entryId)).toEqual(['e2']);
  });

  test('of a moved tip are forgotten, and nothing starts before the remote was read', () => {
    const state = reported(building(1), 1, result('tipMoved', { tip: sha(7) }));
    expect([state.paths, state.remoteDue]).toEqual([[], true]);
    const read = remoteRead(state, TIP, { tip: sha(7), moved: 'forward', cfg: state.cfg }, T0);
    expect(planned(read).start.map((path) => path.head)).toEqual([1]);
    expect(read).toMatchObject({ tip: sha(7), epoch: 1, sweep: sha(7) });
  });
});

describe('landings', () => {
  const landing = (): QueueState => reported(building(1, 2), 1, result('none'));

  test('make the next candidate be built on what landed', () => {
    const { state } = planned(landed(scheduledPush(landing(), 1, TARGET), 1, TARGET, T0));
    expect(state).toMatchObject({
      tip: sha(2),
      sweep: sha(2),
      ended: [{ id: 'e1', state: 'landed', mergeSha: sha(2) }],
    });
    const path = pathOf(state, 2);
    expect([path.on, membersOfPath(state, path).map((entry) => entry.id)]).toEqual([[1], ['e2']]);
  });

  test('that find no certificate are built again, and twice at one tip pause the lane', () => {
    const first = notLanded(landing(), 1, { kind: 'uncertified', checks: ['test'] }, T0);
    const asked = planned(first);
    expect(asked.revalidate.map((path) => path.head)).toEqual([1]);
    const { id, attempt } = pathOf(first, 1);
    const again = planned(revalidated(asked.state, { pathId: id, attempt, epoch: 0 }, { kind: 'forget' })).state;
    const second = notLanded(reported(again, 1, result('none')), 1, { kind: 'uncertified', checks: ['test'] }, T0);
    expect(laneMode(second.lane)).toBe('paused');
    expect(second.lane).toMatchObject({ pausedBy: ['incident'], reason: expect.stringContaining('COMPOSE_UNSTABLE') });
    expect(second.notices.map((notice) => notice.kind)).toContain('incident');
  });

  test('that the forge forbids pause the lane and keep the verdict', () => {
    const state = notLanded(landing(), 1, { kind: 'forbidden', message: 'no bypass' }, T0);
    expect(state.lane.reason).toBe('LANDING_FORBIDDEN: no bypass');
    expect(planned(openLane(state, WORD, T0)).land).toBe(1);
  });

  test('of a paused lane wait; of a red one are judged anew', () => {
    const paused = pauseLane({ ...landing(), landing: undefined } as never, 'person', WORD, T0);
    expect(planned(paused).land).toBeUndefined();
    const red = planned(
      markRed({ ...landing(), landing: undefined } as never, { tip: TIP, reason: 'r', checks: [] }, T0),
    );
    expect([red.land, red.state.heads[0]?.state]).toEqual([undefined, 'open']);
  });

  test('under way when the base turns red go on: whether they come through is the remote’s to say', () => {
    const pushing = scheduledPush(landing(), 1, TARGET);
    const red = planned(markRed(pushing, { tip: TIP, reason: 'r', checks: [] }, T0)).state;
    expect([red.landing?.head, red.heads[0]?.state]).toEqual([1, 'merging']);
    expect(landed(red, 1, TARGET, T0).ended.map(({ state }) => state)).toEqual(['landed']);
  });

  test('of what was marked as a fix and leaves the base red eject it: building it again would tell nothing new', () => {
    const red = markRed(seated(building(1), 2, { fixesBase: true }), { tip: TIP, reason: 'r', checks: [] }, T0);
    const formed = planned(reported(red, 1, result('infra')));
    const vain = planned(reported(formed.state, 2, { ...result('inherited'), tip: TIP }));
    expect(vain.state.ended.map(({ id, state, reason }) => [id, state, reason])).toEqual([
      ['e2', 'ejected', 'CHECKS_FAILED'],
    ]);
    expect(vain.state.paths.filter(({ status }) => status === 'building')).toEqual([]);
  });

  test('of a fix go first while the base is red, and are looked at by a control run at once', () => {
    const red = markRed(seated(building(1), 2, { fixesBase: true }), { tip: TIP, reason: 'r', checks: [] }, T0);
    const formed = planned(reported(red, 1, result('infra')));
    expect(formed.state.paths.find((path) => path.status === 'building')?.head).toBe(2);
    const fixed = reported(formed.state, 2, result('none'));
    expect(fixed.landing?.head).toBe(2);
    const after = planned(landed(scheduledPush(fixed, 2, TARGET), 2, TARGET, T0));
    expect(after.startControl).toBe(true);
  });
});

describe('rebases', () => {
  const asked = (): QueueState => askForRebase(building(1), { entryId: 'e1', tip: TIP, files: ['a'] }, T0);

  test('keep the seat, dissolve the head, and are amended by a further landing under the same id', () => {
    const state = { ...asked(), sweep: sha(9), tip: sha(9) };
    const amended = swept(state, sha(9), [{ entryId: 'e1', headSha: sha(1001), files: ['b'] }], T0 + 5);
    expect(findEntry(amended, 'e1')?.rebase).toEqual({
      requestId: 'e1/1',
      round: 1,
      tip: sha(9),
      files: ['b'],
      sinceMs: T0,
    });
    expect(amended.notices.map((notice) => notice.kind === 'rebase' && notice.amends)).toEqual([false, true]);
    const back = ownerPushed(amended, 'e1', sha(50), T0);
    expect(findEntry(back, 'e1')).toMatchObject({ state: 'queued', seq: 1, headSha: sha(50), patchId: '' });
  });

  test('are asked again when a round is over, and after the last one the entry leaves', () => {
    let state = asked();
    for (const round of [2, 3]) {
      state = planned(state, nextDueAtMs(state, T0) ?? 0).state;
      expect(findEntry(state, 'e1')?.rebase?.requestId).toBe(`e1/${round}`);
    }
    expect(planned(state, nextDueAtMs(state, T0) ?? 0).state.ended).toMatchObject([
      { id: 'e1', reason: 'REBASE_EXHAUSTED' },
    ]);
  });

  test('give the time back that author or lane were paused', () => {
    const held = holdAuthor(asked(), 'e1', true, T0 + 100);
    expect(nextDueAtMs(held, T0)).toBeUndefined();
    const freed = holdAuthor(holdAuthor(held, 'e1', true, T0 + 500), 'e1', false, T0 + 1_100);
    expect(nextDueAtMs(freed, T0)).toBe(T0 + 1_000 + 1_800_000);
    const paused = pauseLane(freed, 'factory', WORD, T0 + 2_000);
    expect([nextDueAtMs(paused, T0), planned(paused, T0 + 9_000_000).state.entries.length]).toEqual([undefined, 1]);
    expect(nextDueAtMs(unpauseLane(paused, ['factory'], WORD, T0 + 3_000), T0)).toBe(T0 + 2_000 + 1_800_000);
  });
});

describe('the lane', () => {
  test('shows red before paused before draining before open, and tells whoever waits when that changes', () => {
    const draining = drainLane(seated(emptyQueue(), 1, { epicId: 'ep' }), WORD, T0);
    const paused = pauseLane(draining, 'person', WORD, T0);
    const red = markRed(paused, { tip: TIP, reason: 'r', checks: [], from: 'task/9' }, T0);
    expect([draining, paused, red].map((state) => laneMode(state.lane))).toEqual(['draining', 'paused', 'red']);
    expect(
      red.notices.flatMap((notice) =>
        notice.kind === 'lane'
          ? [`${notice.to} ${notice.mode}`]
          : notice.kind === 'epicLane'
            ? [`${notice.epicId} ${notice.mode}`]
            : [],
      ),
    ).toEqual(['task/1 draining', 'ep draining', 'task/1 paused', 'ep paused', 'task/1 red', 'task/9 red', 'ep red']);
  });

  test('opened by a person stays held by the factory, and stays red', () => {
    const held = pauseLane(pauseLane(emptyQueue(), 'factory', WORD, T0), 'person', WORD, T0);
    expect(openLane(held, WORD, T0).lane.pausedBy).toEqual(['factory']);
    expect(laneMode(openLane(markRed(held, { tip: TIP, reason: 'r', checks: [] }, T0), WORD, T0).lane)).toBe('red');
  });

  test('a pause of everything leaves the reason of who held it before', () => {
    const byPerson = pauseLane(emptyQueue(), 'person', { by: 'ada', reason: 'audit' }, T0);
    const byBoth = pauseLane(byPerson, 'factory', { by: 'factory', reason: 'everything is paused' }, T0);
    expect(byBoth.lane).toMatchObject({ pausedBy: ['person', 'factory'], by: 'ada', reason: 'audit' });
    expect(unpauseLane(byBoth, ['factory'], WORD, T0).lane).toMatchObject({ pausedBy: ['person'], reason: 'audit' });
  });

  test('a report about another tip turns nothing red and sends its sender on', () => {
    const state = markRed(emptyQueue(), { tip: sha(9), reason: 'r', checks: [], from: 'task/9' }, T0);
    expect(laneMode(state.lane)).toBe('open');
    expect(state.notices).toMatchObject([{ kind: 'lane', to: 'task/9', mode: 'open' }]);
  });

  test('held or busy keeps the queue from ending', () => {
    const told = (state: QueueState): QueueState => ({ ...state, notices: [], transitions: [], unrecorded: [] });
    expect(isIdle(emptyQueue())).toBe(true);
    for (const state of [
      pauseLane(emptyQueue(), 'person', WORD, T0),
      drainLane(emptyQueue(), WORD, T0),
      seated(emptyQueue(), 1),
    ])
      expect(isIdle(told(state))).toBe(false);
  });
});

test('a score that cannot be added exactly is replaced', () => {
  for (const wrong of [
    { costIn: 0.5 },
    { costIn: -1 },
    { costOut: 30_000_001 },
    { costOut: Number.NaN },
    { estMs: -1 },
  ])
    expect(soundScore({ ...score(), ...wrong })).toEqual(DEFAULT_SCORE);
  expect(soundScore(score())).toEqual(score());
});
