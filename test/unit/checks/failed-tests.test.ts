import { expect, test } from '@jest/globals';
import { failedTestsOf, MAX_FAILED_TESTS, rerunCommand } from '../../../activities/checks/failed-tests.js';

test.each([
  [
    'pytest',
    'FAILED tests/test_a.py::test_b[1] - assert 1 == 2\nERROR tests/test_c.py - ImportError\n1 failed',
    ['tests/test_a.py::test_b[1]', 'tests/test_c.py'],
  ],
  ['jest', 'PASS test/b.test.ts\nFAIL test/a.test.ts (5.1 s)\n  ● adds › numbers\n', ['test/a.test.ts']],
  ['vitest', ' FAIL  src/a.test.ts > adds > numbers\n', ['src/a.test.ts']],
  [
    'TAP',
    'ok 1 - fine\nnot ok 2 - broken thing\nnot ok 3 - later # TODO\n    not ok 1 - inner\n',
    ['broken thing', 'inner'],
  ],
  ['node spec', '✔ fine (0.5ms)\n✖ broken (1.25ms)\n✖ failing tests:\n', ['broken']],
  ['go', '--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/sub (0.00s)\nFAIL\nFAIL\texample.com/x\t0.01s\n', ['TestA']],
  ['cargo', 'test a::works ... ok\ntest a::breaks ... FAILED\n', ['a::breaks']],
  [
    'unittest',
    'FAIL: test_x (tests.test_a.TestA.test_x)\nERROR: test_y (tests.test_a.TestA)\n',
    ['tests.test_a.TestA.test_x', 'tests.test_a.TestA.test_y'],
  ],
  ['maven', '[ERROR]   CalcTest.adds:12 expected: <1> but was: <2>\n', ['CalcTest.adds']],
  ['an unknown tool', 'something went wrong\n', []],
])('%s', (_, output, names) => {
  expect(failedTestsOf(output)).toEqual(names);
});

test('a name is kept once, their number is bounded, and none looks like an option', () => {
  const many = Array.from({ length: 80 }, (_, index) => `not ok ${index} - test ${index % 70}`).join('\n');
  expect(failedTestsOf(many)).toHaveLength(MAX_FAILED_TESTS);
  expect(failedTestsOf('not ok 1 - --exec=rm')).toEqual([]);
});

test('names are quoted for the shell, replacement patterns included', () => {
  expect(rerunCommand('t {tests} end', ["a'b", '$& $(x)'])).toBe(`t 'a'\\''b' '$& $(x)' end`);
});
