import { expect, test } from '@jest/globals';
import { carry, type Factory, restore } from '../../../workflows/factory/factory.state.js';
import {
  forgeDueMs,
  forgeFailed,
  forgeHinted,
  forgeKnown,
  forgeLooked,
  forgeStarted,
  nextForge,
} from '../../../workflows/factory/forges.js';

const EVERY = { openMs: 60, idleMs: 300 };
const fresh = (): Factory => restore({ tuning: 'brisk', limits: { maxEpics: 5, maxWorkers: 10 } }, 0);
const looked = (factory: Factory, kind: 'open' | 'idle' | 'gone', nowMs: number): Factory => {
  const turn = nextForge(factory, nowMs);
  if (turn === undefined) throw new Error('no forge is due');
  return forgeLooked(forgeStarted(factory, turn.projectId), turn, { kind }, EVERY, nowMs);
};

test('a forge is looked at soon while work is open, later while none is, and never again once it is gone', () => {
  const open = looked(forgeKnown(fresh(), 'p', 0), 'open', 0);
  expect([forgeDueMs(open), nextForge(open, 59), nextForge(open, 60)?.look]).toEqual([60, undefined, 'everything']);
  const idle = looked(open, 'idle', 60);
  expect(forgeDueMs(idle)).toBe(360);
  expect(looked(idle, 'gone', 360).forges).toEqual([]);
});

test('a delivery is looked at at once, also one that comes during a look', () => {
  const idle = looked(forgeKnown(fresh(), 'p', 0), 'idle', 0);
  const hinted = forgeHinted(idle, 'p', 10);
  expect(nextForge(hinted, 10)).toEqual({ projectId: 'p', look: 'hints' });
  const running = forgeStarted(hinted, 'p');
  expect(nextForge(forgeHinted(running, 'p', 11), 11)).toBeUndefined();
  const after = forgeLooked(
    forgeHinted(running, 'p', 11),
    { projectId: 'p', look: 'hints' },
    { kind: 'idle' },
    EVERY,
    12,
  );
  expect(nextForge(after, 12)?.look).toBe('hints');
});

test('deliveries do not put off the look at everything, and work that they open brings it nearer', () => {
  let factory = looked(forgeKnown(fresh(), 'p', 0), 'idle', 0);
  for (let now = 1; now < 300; now += 1) factory = looked(forgeHinted(factory, 'p', now), 'idle', now);
  expect(nextForge(factory, 300)?.look).toBe('everything');
  expect(forgeDueMs(looked(forgeHinted(factory, 'p', 10), 'open', 10))).toBe(70);
});

test('a forge that is away is asked again for everything, and a delivery does not hurry it', () => {
  const failed = forgeFailed(forgeStarted(forgeKnown(fresh(), 'p', 0), 'p'), 'p', EVERY, { nowMs: 0 });
  expect([nextForge(failed, 59), nextForge(failed, 60)?.look]).toEqual([undefined, 'everything']);
  expect(forgeDueMs(forgeFailed(forgeStarted(failed, 'p'), 'p', EVERY, { nowMs: 60 }))).toBe(180);
});

test('a forge that limits us is asked when it said, or after five looks’ time where that is longer', () => {
  const limited = (heldUpMs: number, nowMs: number): Factory =>
    forgeFailed(forgeStarted(forgeKnown(fresh(), 'p', nowMs), 'p'), 'p', EVERY, { nowMs, heldUpMs });
  expect([forgeDueMs(limited(10, 5)), forgeDueMs(limited(200, 5)), forgeDueMs(limited(3_600, 5))]).toEqual([
    15, 205, 305,
  ]);
  // It is no failure of the forge: what follows it is tried as soon as ever.
  const away = forgeFailed(forgeStarted(limited(10, 0), 'p'), 'p', EVERY, { nowMs: 10 });
  expect(forgeDueMs(away)).toBe(70);
});

test('a look that a new history cut off is made again', () => {
  expect(nextForge(carry(forgeStarted(forgeHinted(fresh(), 'p', 0), 'p')), 0)?.projectId).toBe('p');
});

test('while all places are taken nothing is due', () => {
  const names = ['a', 'b', 'c', 'd'];
  const known = names.reduce((factory, name) => forgeKnown(factory, name, 0), fresh());
  const full = ['a', 'b', 'c'].reduce(forgeStarted, known);
  expect([nextForge(full, 0), forgeDueMs(full)]).toEqual([undefined, Number.POSITIVE_INFINITY]);
});
