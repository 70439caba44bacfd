import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { uuidV7 } from '../../domain/uuid.js';

test('an id is a UUIDv7 of its time and of the given random bits', () => {
  expect(uuidV7(0x0191_2345_6789, 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee')).toBe('01912345-6789-7ccc-8ddd-eeeeeeeeeeee');
});

test('ids sort by time, and every one has version 7 and the RFC variant', () => {
  const at = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  fc.assert(
    fc.property(at, at, fc.uuid({ version: 4 }), fc.uuid({ version: 4 }), (a, b, x, y) => {
      const [first, second] = [uuidV7(a, x), uuidV7(b, y)];
      expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      if (a < b) expect(first < second).toBe(true);
    }),
  );
});
