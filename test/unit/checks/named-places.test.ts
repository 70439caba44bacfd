import { expect, test } from '@jest/globals';
import { namedPlaces, placeInTree } from '../../../activities/checks/named-places.js';

const said = (output: string) =>
  namedPlaces(output).map(({ path, line, level, message }) => [path, line, level, message]);

test.each([
  ['tsc', 'src/a.ts(3,5): error TS2322: No.', [['src/a.ts', 3, 'failure', 'error TS2322: No.']]],
  ['tsc --pretty', 'src/a.ts:3:5 - error TS2322: No.', [['src/a.ts', 3, 'failure', 'error TS2322: No.']]],
  [
    'eslint -f unix',
    '/tree/src/a.js:3:5: Unexpected var. [Error/no-var]',
    [['/tree/src/a.js', 3, 'failure', 'Unexpected var. [Error/no-var]']],
  ],
  ['gcc', 'main.c:7:1: warning: unused', [['main.c', 7, 'warning', 'warning: unused']]],
  ['go test', '--- FAIL: TestAdd (0.00s)\n    add_test.go:12: got 4', [['add_test.go', 12, 'failure', 'got 4']]],
  [
    'eslint stylish',
    '\n/tree/src/a.js\n  3:5   error    Unexpected var  no-var\n  9:1  warning  Too long\n\n✖ 2 problems',
    [
      ['/tree/src/a.js', 3, 'failure', 'error: Unexpected var'],
      ['/tree/src/a.js', 9, 'warning', 'warning: Too long'],
    ],
  ],
  [
    'pytest',
    '>       assert add(1, 1) == 3\nE       assert 2 == 3\n\ntests/test_a.py:5: AssertionError\nFAILED tests/test_a.py::test_b',
    [['tests/test_a.py', 5, 'failure', 'assert 2 == 3']],
  ],
  [
    'jest',
    '  ● adds › two\n\n    expect(received).toBe(expected)\n\n      at toBe (node_modules/expect/index.js:9:1)\n      at Object.toBe (test/a.test.ts:4:21)\n      at run (src/b.ts:1:1)',
    [['test/a.test.ts', 4, 'failure', 'adds › two']],
  ],
  [
    'node --test',
    'AssertionError [ERR_ASSERTION]: 1 == 2\n    at TestContext.<anonymous> (file:///tree/test/a.test.js:6:10)\n    at async Test.run (node:internal/test:1:1)',
    [['/tree/test/a.test.js', 6, 'failure', 'AssertionError [ERR_ASSERTION]: 1 == 2']],
  ],
  [
    'node --test into a pipe',
    "not ok 1 - ten percent off\n  ---\n  location: '/src/test/d.test.js:5:1'\n  error: |-\n    1100 !== 900\n  stack: |-\n    TestContext.<anonymous> (file:///src/test/d.test.js:6:10)\n    Test.run (node:internal/test_runner/test:796:25)\n    node:internal/process/task_queues:140:7",
    [['/src/test/d.test.js', 6, 'failure', 'ten percent off']],
  ],
  ['prose', 'See https://example.org:443/a.html and 12:30: lunch\nat 10:5:3: x', []],
])('%s names its places', (_, output, places) => {
  expect(said(output)).toEqual(places);
});

test('a place is said once, many are cut, and a line without end costs nothing', () => {
  expect(said('a.c:1: x\na.c:1: x')).toHaveLength(1);
  expect(said(Array.from({ length: 900 }, (_, n) => `a.c:${n + 1}: x`).join('\n'))).toHaveLength(500);
  expect(said(`${'a.'.repeat(200_000)}:1: x`)).toEqual([]);
});

test('a place is in the tree by its path, by the end of it, or by the only file that it can mean', () => {
  const find = placeInTree(new Set(['src/a.ts', 'pkg/one/x_test.go', 'pkg/one/u.ts', 'pkg/two/u.ts', 'index.js']));
  const found = ['src/a.ts', './src/a.ts', '/home/runner/work/shop/shop/src/a.ts', '/tree/index.js', 'x_test.go'].map(
    find,
  );
  expect(found).toEqual(['src/a.ts', 'src/a.ts', 'src/a.ts', 'index.js', 'pkg/one/x_test.go']);
  expect(placeInTree(new Set(['src/a.ts', 'a.ts']))('/src/a.ts')).toBe('a.ts');
  const lost = ['u.ts', '/usr/lib/node/index.js', '/tree/node_modules/x/src/a.ts', '../src/a.ts', 'b.ts', ''].map(find);
  expect(lost).toEqual([undefined, undefined, undefined, undefined, undefined, undefined]);
});
