import { expect, test } from '@jest/globals';
import { meaningOf } from '../../../domain/forge/conclusions.js';
import {
  contextKey,
  contextTimeoutMs,
  isContextKey,
  joinContexts,
  nameContexts,
} from '../../../domain/forge/required-context.js';

const MINUTE_MS = 60_000;
const plain = (text: string): string => text;

test('rules that ask the same ask it once, in an order that is not theirs', () => {
  const [a, b, bOfApp] = [{ context: 'a' }, { context: 'b' }, { context: 'b', appId: 7 }];
  expect(joinContexts([bOfApp, b, a, { context: 'b' }])).toEqual(joinContexts([a, b, bOfApp]));
  expect(joinContexts([bOfApp, b, a, { context: 'b' }])).toHaveLength(3);
});

test('a context whose name another check has gets one of its own', () => {
  const contexts = [{ context: 'test' }, { context: 'test', appId: 7 }, { context: 'ci / lint' }];
  expect(nameContexts(contexts, ['test', 'test (app 7)']).map(({ name }) => name)).toEqual([
    'test (forge)',
    'test (app 7, 2)',
    'ci / lint',
  ]);
});

test('the key is that of context, App and tree', () => {
  const key = contextKey({ context: 'ci' }, 'tree-1', plain);
  expect(isContextKey(key)).toBe(true);
  expect(isContextKey('0'.repeat(64))).toBe(false);
  expect(contextKey({ context: 'ci' }, 'tree-1', plain)).toBe(key);
  const others = [
    contextKey({ context: 'ci' }, 'tree-2', plain),
    contextKey({ context: 'ci', appId: 7 }, 'tree-1', plain),
    contextKey({ context: 'cd' }, 'tree-1', plain),
  ];
  expect(new Set([key, ...others]).size).toBe(4);
});

test.each([
  [undefined, 30],
  [1, 10],
  [5, 15],
  [20, 30],
])('a context that usually needs %s minutes may take %s', (p95, minutes) => {
  const p95Ms = p95 === undefined ? undefined : p95 * MINUTE_MS;
  expect(contextTimeoutMs(p95Ms, 30 * MINUTE_MS)).toBe(minutes * MINUTE_MS);
});

test('a limit that is shorter than ten minutes is kept', () => {
  expect(contextTimeoutMs(MINUTE_MS, 2 * MINUTE_MS)).toBe(2 * MINUTE_MS);
});

test('a word that nobody knows is no verdict, and what was cancelled is none', () => {
  const words = ['success', 'skipped', 'failure', 'error', 'timed_out', 'cancelled', 'stale', 'of tomorrow'];
  expect(words.map(meaningOf)).toEqual(['passed', 'passed', 'failed', 'failed', 'timeout', 'infra', 'infra', 'infra']);
});
