import { expect, test } from '@jest/globals';
import { failedDeliveries } from '../../../domain/forge/failed-deliveries.js';

/** `guid:status`, newest first; ids count down. */
const failed = (...said: readonly string[]): readonly number[] =>
  failedDeliveries(
    said.map((one, index) => ({
      id: said.length - index,
      guid: one.split(':')[0] ?? '',
      status: Number(one.split(':')[1]),
    })),
  );

test('a delivery that nobody took is asked for by its newest attempt', () => {
  expect(failed('a:502', 'b:202', 'a:0')).toEqual([3]);
});

test('a delivery that arrived by any of its attempts is not asked for, whatever came after', () => {
  expect(failed('a:500', 'a:202', 'a:500')).toEqual([]);
});

test('after five attempts nothing more is asked for', () => {
  expect(failed('a:500', 'a:500', 'a:500', 'a:500')).toEqual([4]);
  expect(failed('a:500', 'a:500', 'a:500', 'a:500', 'a:500')).toEqual([]);
});

test('a redirect is no arrival', () => {
  expect(failed('a:301')).toEqual([1]);
});
