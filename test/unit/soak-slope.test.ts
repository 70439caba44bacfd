import { expect, test } from '@jest/globals';
import { judge, type Series } from '../soak/slope.js';
import { seeded } from '../support/merge/random.js';

const random = seeded(3);
const noise = (): number => random() * 4 - 2;
const series = (kind: Series['kind'], values: readonly number[], slack = 1): Series => ({
  name: 'it',
  kind,
  values,
  slack,
});
const rounds = (value: (round: number) => number): readonly number[] =>
  Array.from({ length: 20 }, (_, round) => value(round));
const isFlat = (one: Series): boolean | undefined => judge(one, 2)?.isFlat;

test('a level that trembles is flat, one that creeps grows, and one that shrinks is no harm', () => {
  const levels = [rounds(() => 100 + noise()), rounds((n) => 100 + n * 3 + noise()), rounds((n) => 100 - n * 3)];
  expect(levels.map((values) => isFlat(series('level', values)))).toEqual([true, false, true]);
});

test('the first rounds, in which caches fill, prove nothing', () => {
  expect(
    isFlat(
      series(
        'level',
        rounds((n) => 100 + Math.min(n, 5) * 40),
      ),
    ),
  ).toBe(true);
});

test('what each epic adds may be added for ever, but not more and more of it', () => {
  const sums = [rounds((n) => n * 50), rounds((n) => n * n * 5)];
  expect(sums.map((values) => isFlat(series('perEpic', values)))).toEqual([true, false]);
});

test('a growth within the slack is none', () => {
  const creeping = rounds((n) => 1 + n * 0.2);
  expect([isFlat(series('level', creeping, 1)), isFlat(series('level', creeping, 10))]).toEqual([false, true]);
});

test('a few rounds are no judgement', () => {
  expect(judge(series('level', [1, 2, 3, 4, 5]), 2)).toBeUndefined();
});
