import { describe, expect, test } from '@jest/globals';
import { landed, scheduledPush } from '../../../domain/merge/landing.js';
import { filterLegal } from '../../../domain/merge/legality.js';
import { building, reported, result, T0, TARGET } from '../../support/merge/states.js';

describe('the legality filter', () => {
  const none = { form: [], start: [], retry: [], cancel: [], revalidate: [], control: false };
  test.each([
    ['a second build of one path', { start: [{ head: 1, on: [] }] }],
    ['a build that assumes a head behind it', { start: [{ head: 1, on: [2] }] }],
    ['a build of an unknown head', { start: [{ head: 9, on: [] }] }],
    ['a build without a slot', { start: [{ head: 2, on: [] }] }],
    ['a landing of an open head', { land: 1 }],
    ['a cancel of nothing', { cancel: ['x'] }],
    ['a retry of what runs', { retry: ['x'] }],
    ['a head of an entry that has one', { form: [['e1']] }],
    ['a control run without a slot', { control: true }],
  ])('refuses %s', (_what, wanted) => {
    const filtered = filterLegal(building(1, 2), { ...none, ...wanted });
    expect(filtered.proposal).toEqual(none);
    expect(filtered.refusals).toHaveLength(1);
  });

  test('refuses a head of an entry that has one, whatever state the entry claims', () => {
    const state = building(1);
    const entries = state.entries.map((entry) => ({ ...entry, state: 'queued' as const }));
    expect(filterLegal({ ...state, entries }, { ...none, form: [['e1']] }).proposal).toEqual(none);
  });

  test('refuses to leave out a head that landed', () => {
    const state = reported(building(1, 2), 1, result('none'));
    const after = landed(scheduledPush(state, 1, TARGET), 1, TARGET, T0);
    expect(filterLegal(after, { ...none, start: [{ head: 2, on: [] }] }).proposal.start).toEqual([]);
    expect(filterLegal(after, { ...none, start: [{ head: 2, on: [1] }] }).refusals).toEqual([]);
  });
});
