import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AdmissionHolder, admit } from '../../domain/admission.js';

const LIMITS = { maxEpics: 5, maxWorkers: 10 };
const epic = (id: string, over: Partial<AdmissionHolder> = {}): AdmissionHolder => ({
  id,
  kind: 'epic',
  priority: 3,
  wants: 10,
  inUse: 0,
  slots: 0,
  seq: 0,
  ...over,
});
const shares = (holders: readonly AdmissionHolder[], limits = LIMITS): Record<string, number> =>
  Object.fromEntries(admit(holders, limits).map(({ id, slots }) => [id, slots]));

test('equals get equal shares, and the sixth epic waits', () => {
  const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((id, seq) => epic(id, { seq }));
  expect(shares(six)).toEqual({ a: 2, b: 2, c: 2, d: 2, e: 2, f: 0 });
});

test('priority goes before the order of asking', () => {
  const holders = [epic('early', { seq: 1 }), epic('urgent', { seq: 2, priority: 1 })];
  expect(shares(holders, { maxEpics: 1, maxWorkers: 3 })).toEqual({ early: 0, urgent: 3 });
});

test('an epic at work keeps its place against a more urgent newcomer', () => {
  const holders = [epic('works', { slots: 3, inUse: 2 }), epic('urgent', { priority: 1 })];
  expect(shares(holders, { maxEpics: 1, maxWorkers: 3 })).toEqual({ works: 3, urgent: 0 });
});

test('slots in use are handed over only as they come free', () => {
  const full = epic('first', { slots: 10, inUse: 10 });
  const next = epic('second', { seq: 1 });
  expect(shares([full, next])).toEqual({ first: 5, second: 0 });
  expect(shares([{ ...full, slots: 5, inUse: 8 }, next])).toEqual({ first: 5, second: 2 });
  expect(shares([{ ...full, slots: 5, inUse: 5 }, next])).toEqual({ first: 5, second: 5 });
});

test('what runs counts though its epic has lost its place, and it keeps its place while it runs', () => {
  const runs = { slots: 5, inUse: 5 };
  expect(shares([epic('first', runs), epic('lost', { ...runs, seq: 1 })], { maxEpics: 1, maxWorkers: 10 })).toEqual({
    first: 5,
    lost: 0,
  });
  const told = epic('told to stop', { slots: 0, inUse: 2 });
  expect(shares([told, epic('urgent', { priority: 1 })], { maxEpics: 1, maxWorkers: 10 })).toMatchObject({ urgent: 0 });
});

test('whoever wants no more keeps the slots of its runs', () => {
  expect(shares([epic('ends', { wants: 0, slots: 2, inUse: 2 }), epic('next')])).toEqual({ ends: 2, next: 8 });
});

test('a lone task takes one slot and keeps it while it works', () => {
  const lone = epic('lone', { kind: 'task', wants: 1, inUse: 1, slots: 1, priority: 5 });
  const rush = Array.from({ length: 10 }, (_, seq) => epic(`t${seq}`, { kind: 'task', wants: 1, priority: 1, seq }));
  const given = shares([lone, ...rush]);
  expect(given.lone).toBe(1);
  expect(Object.values(given).reduce((sum, slots) => sum + slots, 0)).toBe(10);
});

test('who wants nothing gets nothing, and holders of no work take no place', () => {
  const holders = [epic('idle', { wants: 0, slots: 2 }), { ...epic('queue'), kind: 'other' as const }, epic('busy')];
  expect(shares(holders, { maxEpics: 1, maxWorkers: 4 })).toEqual({ idle: 0, queue: 0, busy: 4 });
});

const holders = fc.array(
  fc.record({
    kind: fc.constantFrom('epic' as const, 'task' as const, 'other' as const),
    priority: fc.integer({ min: 1, max: 5 }),
    wants: fc.nat(12),
  }),
  { maxLength: 14 },
);

test('limits hold, no slot stays idle while somebody wants it, and dealing again changes nothing', () => {
  fc.assert(
    fc.property(
      holders,
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 12 }),
      (specs, maxEpics, maxWorkers) => {
        const limits = { maxEpics, maxWorkers };
        const all: readonly AdmissionHolder[] = specs.map((spec, seq) => ({
          ...spec,
          wants: spec.kind === 'task' ? Math.min(1, spec.wants) : spec.wants,
          id: `h${seq}`,
          inUse: 0,
          slots: 0,
          seq,
        }));
        const given = admit(all, limits);
        const total = given.reduce((sum, { slots }) => sum + slots, 0);
        expect(total).toBeLessThanOrEqual(maxWorkers);
        const epics = given.filter(
          ({ id, slots }) => slots > 0 && all.some((one) => one.id === id && one.kind === 'epic'),
        );
        expect(epics.length).toBeLessThanOrEqual(maxEpics);
        const placed = all.filter((one) => one.kind === 'task' || epics.some(({ id }) => id === one.id));
        expect(total).toBeGreaterThanOrEqual(
          Math.min(
            maxWorkers,
            placed.reduce((sum, { wants }) => sum + wants, 0),
          ),
        );
        const told = all.map((one, index) => ({ ...one, slots: given[index]?.slots ?? 0 }));
        expect(admit(told, limits)).toEqual(given);
      },
    ),
  );
});

test('whatever is in use, shares and slots in use together never exceed the workers', () => {
  fc.assert(
    fc.property(holders, fc.array(fc.nat(3), { minLength: 14, maxLength: 14 }), (specs, used) => {
      let left = LIMITS.maxWorkers;
      const all: readonly AdmissionHolder[] = specs.map((spec, seq) => {
        const inUse = spec.kind === 'other' ? 0 : Math.min(left, spec.kind === 'task' ? 1 : 3, used[seq] ?? 0);
        left -= inUse;
        return { ...spec, id: `h${seq}`, inUse, slots: inUse, seq };
      });
      const sum = admit(all, LIMITS).reduce((n, { slots }, index) => n + Math.max(slots, all[index]?.inUse ?? 0), 0);
      expect(sum).toBeLessThanOrEqual(LIMITS.maxWorkers);
    }),
  );
});
