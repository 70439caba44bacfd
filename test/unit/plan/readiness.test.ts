import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { judgeDependency, readySet, skipChanges, type TaskNode } from '../../../domain/plan/readiness.js';
import { canBecome, TASK_MACHINE, type TaskState } from '../../../domain/states.js';

const STATES = Object.keys(TASK_MACHINE) as TaskState[];
const edge = (on: string, required = true) => ({ on, type: 'finish_to_start', required }) as const;
const never = (): boolean => false;

test('a finish-to-start dependency is met by landing alone', () => {
  expect(STATES.filter((state) => judgeDependency(edge('a'), state) === 'met')).toEqual(['COMPLETED']);
});

test('a start-to-start dependency is met once work has begun', () => {
  const start = { on: 'a', type: 'start_to_start', required: true } as const;
  expect(STATES.filter((state) => judgeDependency(start, state) === 'met')).toEqual([
    'IN_PROGRESS',
    'REVIEW',
    'COMPLETED',
  ]);
});

test('a dependency that is not required is met by any end', () => {
  expect(STATES.filter((state) => judgeDependency(edge('a', false), state) === 'met')).toEqual([
    'FAILED',
    'SKIPPED',
    'COMPLETED',
    'CANCELLED',
  ]);
});

test('a task whose dependency is BLOCKED keeps waiting: it is neither ready nor skipped', () => {
  const tasks: readonly TaskNode[] = [
    { id: 'a', state: 'BLOCKED', dependsOn: [] },
    { id: 'b', state: 'PENDING', dependsOn: [edge('a')] },
  ];
  expect(readySet(tasks)).toEqual([]);
  expect(skipChanges(tasks, never)).toEqual([]);
});

test('a failed task skips the whole chain behind it, and its retry brings the chain back', () => {
  const chain = (first: TaskState, rest: TaskState): readonly TaskNode[] => [
    { id: 'c', state: rest, dependsOn: [edge('b')] },
    { id: 'b', state: rest, dependsOn: [edge('a')] },
    { id: 'a', state: first, dependsOn: [] },
  ];
  expect(skipChanges(chain('FAILED', 'PENDING'), never)).toEqual([
    { id: 'b', to: 'SKIPPED', because: 'a' },
    { id: 'c', to: 'SKIPPED', because: 'b' },
  ]);
  expect(skipChanges(chain('PENDING', 'SKIPPED'), never)).toEqual([
    { id: 'b', to: 'PENDING' },
    { id: 'c', to: 'PENDING' },
  ]);
});

test('after the changes are made there is nothing more to change, and each follows the table', () => {
  const tasks = fc.array(
    fc.record({ state: fc.constantFrom(...STATES), on: fc.array(fc.nat(20)), required: fc.boolean() }),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(tasks, (specs) => {
      const nodes = specs.map(({ state, on, required }, i) => ({
        id: `t${i}`,
        state,
        dependsOn: [...new Set(on)].filter((j) => j < i).map((j) => edge(`t${j}`, required)),
      }));
      const changes = skipChanges(nodes, never);
      const after = nodes.map((task) => ({
        ...task,
        state: changes.find(({ id }) => id === task.id)?.to ?? task.state,
      }));
      expect(skipChanges(after, never)).toEqual([]);
      for (const { id, to } of changes) {
        const from = nodes.find((task) => task.id === id)?.state ?? 'COMPLETED';
        expect(canBecome(TASK_MACHINE, from, to)).toBe(true);
      }
    }),
  );
});
