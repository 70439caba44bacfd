// What an entry is spared before its time, and what is still owed once it has ended.
import { expect, test } from '@jest/globals';
import { admit, withdraw } from '../../../domain/merge/admit.js';
import { nextDueAtMs } from '../../../domain/merge/clock.js';
import { landed, scheduledPush } from '../../../domain/merge/landing.js';
import { markRed, pauseLane, unpauseLane } from '../../../domain/merge/lane.js';
import { askForRebase } from '../../../domain/merge/rebase.js';
import { inspected, ownerPushed, swept } from '../../../domain/merge/remote.js';
import type { QueueState } from '../../../domain/merge/types.js';
import { afterRecord, toRecord } from '../../../workflows/merge-queue/queue.state.js';
import {
  admission,
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

test('what ends while the store takes a record is in the next one, and what that one held is not', () => {
  const one = withdraw(building(1, 2, 3), { entryId: 'e1', by: 'ada' }, T0);
  const two = withdraw(one, { entryId: 'e2', by: 'ada' }, T0);
  const later = afterRecord(two, one);
  const record = toRecord(later, one);
  expect(record?.entries.map(({ entryId, state }) => [entryId, state])).toEqual([['e2', 'withdrawn']]);
  expect(record?.log).toHaveLength(two.transitions.length - one.transitions.length);
  expect(toRecord(afterRecord(later, later), later)).toBeUndefined();
});

test('an entry that landed in an earlier life of its queue has landed, at the commit that its row names', () => {
  const state = building(1);
  const asked = { entryId: 'e1', headSha: sha(1001), tip: TIP };
  const endOf = (as: 'landed' | 'ejected') =>
    inspected(state, asked, { kind: 'ended', state: as, mergeSha: sha(9) }, T0);
  expect(endOf('landed')).toMatchObject({
    entries: [],
    ended: [{ id: 'e1', state: 'landed', mergeSha: sha(9) }],
    notices: [{ kind: 'landed', mergeSha: sha(9) }],
  });
  expect(endOf('ejected').ended).toMatchObject([{ id: 'e1', state: 'withdrawn' }]);
});

test('a build that may not start now rings no alarm: what holds it up says when that is over', () => {
  const failed = reported(building(1), 1, result('infra'));
  const { retryAtMs } = pathOf(failed, 1);
  expect([retryAtMs, nextDueAtMs(failed, T0)]).toEqual([retryAtMs, retryAtMs]);
  const red = markRed({ ...failed, remoteDue: true }, { tip: TIP, reason: 'r', checks: [] }, T0);
  expect(pathOf(red, 1).retryAtMs).toBe(retryAtMs);
  expect(nextDueAtMs(red, T0)).toBeUndefined();
});

test('who says again and again that it waits for a red lane crowds nobody else out', () => {
  const asks = ['task/8', ...Array.from({ length: 2_000 }, () => 'task/9')];
  const red = (state: QueueState, from: string) => markRed(state, { tip: TIP, reason: 'r', checks: [], from }, T0);
  expect(asks.reduce(red, emptyQueue()).waiters).toEqual(['task/8', 'task/9']);
});

const landing = (): QueueState => reported(building(1, 2), 1, result('none'));

test('a landing leaves no build of what has landed behind', () => {
  const { state } = planned(landed(scheduledPush(landing(), 1, TARGET), 1, TARGET, T0));
  expect(state.paths.map(({ head }) => head)).toEqual([2]);
});

test('a landing under way is not sent back for a conflict: whether it came through is seen at the remote first', () => {
  const conflicts = [1, 2].map((n) => ({ entryId: `e${n}`, headSha: sha(1000 + n), files: ['a'] }));
  const found = swept({ ...scheduledPush(landing(), 1, TARGET), sweep: TIP }, TIP, conflicts, T0);
  expect(found.landing?.head).toBe(1);
  expect(found.entries.filter(({ rebase }) => rebase).map(({ id }) => id)).toEqual(['e2']);
});

test('an entry is built only once its present head was looked at', () => {
  const unseen = admit(emptyQueue(), admission(1), T0);
  const pushedSince = ownerPushed(seated(emptyQueue(), 1), 'e1', sha(77), T0);
  for (const state of [unseen, pushedSince]) {
    const { start, state: after } = planned(state);
    expect([start, after.heads]).toEqual([[], []]);
  }
  expect(planned(seated(emptyQueue(), 1)).start).toHaveLength(1);
});

test('who lets go of a lane that others hold, or nobody, changes nothing', () => {
  const word = { by: 'ada', reason: 'done' };
  const open = askForRebase(building(1), { entryId: 'e1', tip: TIP, files: ['a'] }, T0);
  const held = pauseLane(open, 'person', word, T0);
  expect(unpauseLane(open, ['factory'], word, T0 + 1_000)).toBe(open);
  expect(unpauseLane(held, ['factory'], word, T0 + 1_000)).toBe(held);
});
