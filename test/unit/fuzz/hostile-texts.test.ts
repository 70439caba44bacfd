import { expect, test } from '@jest/globals';
import { whyNotCommand } from '../../../activities/agents/tools/refused-commands.js';
import { failedTestsOf } from '../../../activities/checks/failed-tests.js';
import { matchingFiles } from '../../../activities/checks/globs.js';
import { plainText } from '../../../activities/checks/log-text.js';
import { namedPlaces } from '../../../activities/checks/named-places.js';
import { markedData } from '../../../domain/prompt-data.js';
import { ending } from '../../support/fuzz.js';

// Texts that agents and repositories choose, made to keep an expression busy. A worker that is busy beats no heart.

const UNITS = [
  'Test',
  '.py::',
  '.js',
  ' (1',
  ' #',
  '--- FAIL: ',
  'not ok 1 - ',
  '\u001b]',
  '\u001b[ ',
  '0',
  '\t',
  '<',
  '< ',
  '</',
];
const STARTS = [
  '',
  '[ERROR] ',
  'ERROR ',
  'FAIL ',
  '✖ ',
  'test ',
  '--- FAIL: ',
  'not ok 1 ',
  '\u001b[',
  '<',
  'FAIL: x (',
];

test.each(STARTS)('a log of %j and anything after it is read to its end', (start) => {
  for (const unit of UNITS) {
    const log = `${start}${unit.repeat(200_000 / unit.length)}`;
    ending(() => failedTestsOf(plainText(log)));
    ending(() => namedPlaces(plainText(log)));
    ending(() => markedData({ origin: 'check log', author: 'check', text: log }));
  }
});

const COMMANDS = [
  'curl|/',
  'curl | ',
  'sh -c ',
  'a=b ',
  'do a=b ',
  ';',
  '(',
  'do dd ',
  'dd of=',
  'rm -r ',
  'x=;',
  '\n\n',
  'env ',
];

test.each(COMMANDS)('a command of nothing but %j is judged', (unit) => {
  for (const start of ['', 'curl ', 'wget', 'sudo=', 'rm '])
    ending(() => whyNotCommand(`${start}${unit.repeat(20_000 / unit.length)}`));
});

test('globs that would never end are refused', () => {
  const files = [{ path: `${'a'.repeat(200)}.ts`, blob: '0'.repeat(40), mode: '100644' }];
  expect(matchingFiles(files, ['*.ts'])).toEqual(files);
  expect(() => matchingFiles(files, [`${'*a'.repeat(30)}b`], 300)).toThrow(/take too long to match/);
});

test('names of failed tests are found beside lines that are too long for one', () => {
  expect(failedTestsOf(`${'x'.repeat(5_000)}\n--- FAIL: TestIt (0.1s)\n[ERROR] ${'Test'.repeat(5_000)}`)).toEqual([
    'TestIt',
  ]);
});
