import { expect, test } from '@jest/globals';
import { isUnsure, together } from '../../bench/support/report.js';
import { judge, spread } from '../../bench/support/statistics.js';

const COSTS = { wants: 'atMost', target: 1, floor: 2 } as const;
const RATES = { wants: 'atLeast', target: 1, floor: 0.5 } as const;
const row = (gate: typeof COSTS | typeof RATES, ours: readonly number[]) => ({
  name: 'a call',
  unit: 'ms',
  baseline: ours.map(() => 1),
  ours,
  gate,
});
const verdict = (...[gate, ...ours]: [typeof COSTS | typeof RATES, ...number[]]) => judge(row(gate, ours)).verdict;

test('a median on the right side of a line is what it is', () => {
  expect(verdict(COSTS, 0.9, 0.9, 9)).toBe('target met');
  expect(verdict(COSTS, 1.5, 1.5, 9)).toBe('above floor');
  expect(verdict(RATES, 0.6, 0.6, 0.1)).toBe('above floor');
});

test('a median beyond the floor is red only when the rounds prove it', () => {
  expect(verdict(COSTS, 2.5, 2.6, 2.1)).toBe('RED');
  expect(verdict(COSTS, 2.5, 2.6, 1.9)).toBe('unsure');
  expect(verdict(RATES, 0.4, 0.4, 0.45)).toBe('RED');
  expect(verdict(RATES, 0.4, 0.4, 0.6)).toBe('unsure');
});

test('one odd round in nine saves nobody', () => {
  expect(verdict(COSTS, 2.5, 2.6, 2.5, 2.4, 2.6, 2.7, 2.5, 2.6, 0.5)).toBe('RED');
});

test('what could not be measured is red', () => {
  expect(verdict(COSTS, Number.NaN, Number.NaN)).toBe('RED');
});

test('the interval of a median is that of the sign test', () => {
  const upTo = (most: number) => Array.from({ length: most }, (_, at) => at + 1);
  const intervals = [3, 5, 6, 8, 9, 24].map((count) => spread(upTo(count)).sure);
  expect(intervals).toEqual([
    [1, 3],
    [1, 5],
    [1, 6],
    [1, 8],
    [2, 8],
    [7, 18],
  ]);
});

test('rounds of two runs are judged as one', () => {
  const of = (...ours: readonly number[]) => ({ title: 't', subject: 's', rows: [row(COSTS, ours)] });
  expect([isUnsure(of(2.1, 2.2, 1.9)), isUnsure(of(2.1, 2.2, 2.3))]).toEqual([true, false]);
  const all = together(of(2.1, 2.2, 1.9), of(2.2, 2.3, 2.4, 2.2, 2.5, 2.2));
  expect(judge(all.rows[0] ?? row(COSTS, [])).verdict).toBe('RED');
});
