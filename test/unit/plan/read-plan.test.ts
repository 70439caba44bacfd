import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readPlan } from '../../../domain/plan/normalise.js';
import { PLAN_LIMITS } from '../../../domain/plan/plan.js';

const task = (key: string, dependsOn: readonly object[] = []): object => ({
  key,
  title: key,
  description: 'd',
  dependsOn,
});
const errorsOf = (value: unknown): readonly string[] => {
  const reading = readPlan(value);
  return reading.kind === 'invalid' ? reading.errors : [];
};

test('defaults are filled in, so that one plan has one document', () => {
  expect(
    readPlan({
      tasks: [
        { key: 'a', title: ' A ', description: '' },
        { ...task('b'), dependsOn: [{ key: 'a' }] },
      ],
    }),
  ).toEqual({
    kind: 'plan',
    plan: {
      tasks: [
        {
          key: 'a',
          title: 'A',
          description: '',
          kind: 'execution',
          acceptance: [],
          capabilities: [],
          technologies: [],
          predictedFiles: [],
          dependsOn: [],
        },
        {
          key: 'b',
          title: 'b',
          description: 'd',
          kind: 'execution',
          acceptance: [],
          capabilities: [],
          technologies: [],
          predictedFiles: [],
          dependsOn: [{ key: 'a', type: 'finish_to_start', required: true }],
        },
      ],
    },
  });
});

test('an estimate needs only the likely hours', () => {
  const reading = readPlan({ tasks: [{ ...task('a'), estimate: { likely: 3 } }] });
  expect(reading.kind === 'plan' && reading.plan.tasks[0]?.estimate).toEqual({
    optimistic: 3,
    likely: 3,
    pessimistic: 3,
    confidence: 0.5,
  });
});

test('reading a plan again changes nothing', () => {
  const keys = fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(keys, fc.infiniteStream(fc.boolean()), (names, wanted) => {
      const tasks = names.map((key, index) =>
        task(
          key,
          names
            .slice(0, index)
            .filter(() => wanted.next().value)
            .map((before) => ({ key: before })),
        ),
      );
      const first = readPlan({ tasks });
      expect(first.kind).toBe('plan');
      if (first.kind === 'plan') expect(readPlan(first.plan)).toEqual(first);
    }),
  );
});

test('no JSON makes the reader throw, and a refusal always has a reason', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const reading = readPlan(value);
      if (reading.kind === 'invalid') expect(reading.errors.length).toBeGreaterThan(0);
    }),
  );
});

test.each([
  ['no object', null, ['plan: must be an object']],
  ['no tasks', { tasks: [] }, ['tasks: a plan needs at least one task']],
  ['tasks missing', {}, ['tasks: must be a list']],
  ['unknown field', { tasks: [task('a')], owner: 1 }, ['plan: unknown field "owner"']],
  ['bad key', { tasks: [task('-a')] }, ['tasks[0].key: must be 1 to 40 characters of a-z, 0-9 and -, the first no -']],
  [
    'long key',
    { tasks: [task('a'.repeat(41))] },
    ['tasks[0].key: must be 1 to 40 characters of a-z, 0-9 and -, the first no -'],
  ],
  ['empty title', { tasks: [{ ...task('a'), title: ' ' }] }, ['tasks[0].title: must not be empty']],
  ['NUL', { tasks: [{ ...task('a'), description: 'a\0' }] }, ['tasks[0].description: must not contain NUL']],
  ['self', { tasks: [task('a', [{ key: 'a' }])] }, ['tasks[0].dependsOn[0].key: a task cannot depend on itself']],
  ['unknown key', { tasks: [task('a', [{ key: 'b' }])] }, ['tasks[0].dependsOn[0].key: no task has the key "b"']],
  ['duplicate key', { tasks: [task('a'), task('a')] }, ['tasks[1].key: "a" is the key of tasks[0] already']],
  [
    'duplicate edge',
    { tasks: [task('a'), task('b', [{ key: 'a' }, { key: 'a' }])] },
    ['tasks[1].dependsOn[1].key: "a" is listed twice'],
  ],
  [
    'other dependency type',
    { tasks: [task('a'), task('b', [{ key: 'a', type: 'finish_to_finish' }])] },
    ['tasks[1].dependsOn[0].type: must be finish_to_start or start_to_start'],
  ],
  [
    'cycle',
    { tasks: [task('a', [{ key: 'c' }]), task('b', [{ key: 'a' }]), task('c', [{ key: 'b' }])] },
    ['tasks: dependencies form a cycle: a → c → b → a'],
  ],
  ['priority', { tasks: [{ ...task('a'), priority: 6 }] }, ['tasks[0].priority: must be a whole number from 1 to 5']],
  [
    'estimate',
    { tasks: [{ ...task('a'), estimate: { likely: 1, optimistic: 2 } }] },
    ['tasks[0].estimate: must be optimistic ≤ likely ≤ pessimistic'],
  ],
])('%s is refused with the place', (_name, value, errors) => {
  expect(errorsOf(value)).toEqual(errors);
});

test('a chain of ten tasks is accepted, one of eleven is not', () => {
  const chain = (length: number): object => ({
    tasks: Array.from({ length }, (_, i) => task(`t${i}`, i === 0 ? [] : [{ key: `t${i - 1}` }])),
  });
  expect(errorsOf(chain(10))).toEqual([]);
  expect(errorsOf(chain(11))).toEqual([
    'tasks: the longest chain of dependencies has 11 tasks, at most 10 are allowed',
  ]);
});

test('two hundred tasks are accepted, one more is not', () => {
  const many = (length: number): object => ({ tasks: Array.from({ length }, (_, i) => task(`t${i}`)) });
  expect(errorsOf(many(200))).toEqual([]);
  expect(errorsOf(many(201))).toEqual(['tasks: has 201 items, at most 200 are allowed']);
});

test('a document full of mistakes is answered with a bounded list', () => {
  expect(errorsOf({ tasks: Array.from({ length: 200 }, () => ({})) })).toHaveLength(PLAN_LIMITS.errors);
});
