// What is still owed once an entry has ended or a build has failed: rows, words, and the next look.
import { expect, test } from '@jest/globals';
import { withdraw } from '../../../domain/merge/admit.js';
import { nextDueAtMs } from '../../../domain/merge/clock.js';
import { markRed } from '../../../domain/merge/lane.js';
import { inspected } from '../../../domain/merge/remote.js';
import { afterRecord, toRecord } from '../../../workflows/merge-queue/queue.state.js';
import { building, pathOf, reported, result, sha, T0, TIP } from '../../support/merge/states.js';

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
  expect([retryAtMs, nextDueAtMs(failed)]).toEqual([retryAtMs, retryAtMs]);
  const red = markRed({ ...failed, remoteDue: true }, { tip: TIP, reason: 'r', checks: [] }, T0);
  expect(pathOf(red, 1).retryAtMs).toBe(retryAtMs);
  expect(nextDueAtMs(red)).toBeUndefined();
});
