import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { allocateSlots, overlaps, type SchedulableTask, slotsInUse, slotsWanted } from '../../domain/scheduling.js';

const task = (id: string, over: Partial<SchedulableTask> = {}): SchedulableTask => ({
  id,
  state: 'PENDING',
  priority: 3,
  hasBranch: false,
  predictedFiles: [],
  dependsOn: [],
  open: false,
  wantsSlot: false,
  granted: false,
  ...over,
});
const after = (...ids: readonly string[]) =>
  ids.map((on) => ({ on, type: 'finish_to_start', required: true }) as const);
const RULES = { slots: 10, overlap: 'serialise', nowMs: 0 } as const;

test('a diamond starts its top, then both sides at once, then its bottom', () => {
  const diamond = (top: 'PENDING' | 'COMPLETED', sides: 'PENDING' | 'COMPLETED') => [
    task('a', { state: top }),
    task('b', { state: sides, dependsOn: after('a') }),
    task('c', { state: sides, dependsOn: after('a') }),
    task('d', { dependsOn: after('b', 'c') }),
  ];
  expect(allocateSlots(diamond('PENDING', 'PENDING'), RULES).start).toEqual(['a']);
  expect(allocateSlots(diamond('COMPLETED', 'PENDING'), RULES).start).toEqual(['b', 'c']);
  expect(allocateSlots(diamond('COMPLETED', 'COMPLETED'), RULES).start).toEqual(['d']);
});

test('a task with a branch goes before a fresh one, then priority decides, then the order of the plan', () => {
  const tasks = [
    task('late', { priority: 3 }),
    task('urgent', { priority: 1 }),
    task('again', { priority: 5, hasBranch: true, open: true, wantsSlot: true, state: 'IN_PROGRESS' }),
    task('fourth'),
  ];
  expect(allocateSlots(tasks, { ...RULES, slots: 1 })).toEqual({ grant: ['again'], start: [] });
  expect(allocateSlots(tasks, { ...RULES, slots: 3 })).toEqual({ grant: ['again'], start: ['urgent', 'late'] });
});

test('tasks that predict the same files follow one another, unless the policy allows it', () => {
  const tasks = [
    task('a', { predictedFiles: ['src/one.ts'] }),
    task('b', { predictedFiles: ['src/one.ts'] }),
    task('c', { predictedFiles: ['src/two.ts'] }),
  ];
  expect(allocateSlots(tasks, RULES).start).toEqual(['a', 'c']);
  expect(allocateSlots(tasks, { ...RULES, overlap: 'allow' }).start).toEqual(['a', 'b', 'c']);
});

test('a blocked task keeps nobody from the files it predicts', () => {
  const tasks = [
    task('a', { state: 'BLOCKED', open: true, predictedFiles: ['x'] }),
    task('b', { predictedFiles: ['x'] }),
  ];
  expect(allocateSlots(tasks, RULES).start).toEqual(['b']);
});

test('a task whose workflow died is not started before its time', () => {
  const tasks = [task('a', { startAfterMs: 5 })];
  expect(allocateSlots(tasks, { ...RULES, nowMs: 4 }).start).toEqual([]);
  expect(slotsWanted(tasks, { ...RULES, nowMs: 4 })).toBe(0);
  expect(allocateSlots(tasks, { ...RULES, nowMs: 5 }).start).toEqual(['a']);
});

test('a task that runs is not started again, nor given a slot that it has or does not want', () => {
  const open = { open: true, state: 'PENDING' } as const;
  const tasks = [task('a', open), task('b', { ...open, wantsSlot: true, granted: true })];
  expect(allocateSlots(tasks, RULES)).toEqual({ grant: [], start: [] });
});

test('a task at work keeps others from the files it predicts, until it is done', () => {
  const beside = (state: 'IN_PROGRESS' | 'COMPLETED') => [
    task('a', { state, open: true, predictedFiles: ['x'] }),
    task('b', { predictedFiles: ['x'] }),
  ];
  expect(allocateSlots(beside('IN_PROGRESS'), RULES).start).toEqual([]);
  expect(allocateSlots(beside('COMPLETED'), RULES).start).toEqual(['b']);
});

test.each([
  ['src/a.ts', './src/a.ts', true],
  ['src', 'src/a.ts', true],
  ['src/**/*.ts', 'src/deep/a.ts', true],
  ['src/a.ts', 'src/a.tsx', false],
  ['docs/*', 'src/a.ts', false],
  ['*', 'anything', true],
])('%s and %s overlap: %s', (a, b, expected) => {
  expect(overlaps(a, b)).toBe(expected);
  expect(overlaps(b, a)).toBe(expected);
});

test('slots are never exceeded, nothing is started twice, and every free slot is used', () => {
  const tasks = fc.array(
    fc.record({
      open: fc.boolean(),
      wantsSlot: fc.boolean(),
      granted: fc.boolean(),
      priority: fc.integer({ min: 1, max: 5 }),
      hasBranch: fc.boolean(),
      files: fc.subarray(['a', 'b', 'c']),
    }),
    { maxLength: 15 },
  );
  fc.assert(
    fc.property(tasks, fc.nat(12), fc.constantFrom('serialise' as const, 'allow' as const), (specs, slots, overlap) => {
      const all = specs.map(({ open, wantsSlot, granted, files, ...rest }, i) =>
        task(`t${i}`, {
          ...rest,
          predictedFiles: files,
          open,
          state: open ? 'IN_PROGRESS' : 'PENDING',
          wantsSlot: open && wantsSlot,
          granted: open && wantsSlot && granted,
        }),
      );
      const { grant, start } = allocateSlots(all, { slots, overlap, nowMs: 0 });
      const given = [...grant, ...start];
      expect(new Set(given).size).toBe(given.length);
      if (given.length > 0) expect(slotsInUse(all) + given.length).toBeLessThanOrEqual(slots);
      expect(slotsInUse(all) + given.length).toBeGreaterThanOrEqual(
        Math.min(slots, slotsWanted(all, { overlap, nowMs: 0 })),
      );
    }),
  );
});
