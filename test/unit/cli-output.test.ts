import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { createOutput, printList, printOne } from '../../cli/output.js';

const HOSTILE = 'a\u001b[2Jb\u009b31mc\u202ed\u0007';
const VISIBLE = 'a\\u{1b}[2Jb\\u{9b}31mc\\u{202e}d\\u{7}';

test('escapes in what people and agents wrote are shown, not heeded by the terminal', () => {
  const stdout = new PassThrough();
  const out = createOutput(false, { stdout, stderr: stdout });
  out.line(HOSTILE);
  printOne(out, {}, [['subject', HOSTILE]]);
  printList(out, [{ title: HOSTILE }], [{ title: 'title', of: ({ title }) => title }], 'none');
  expect(String(stdout.read())).toBe(`${VISIBLE}\nsubject  ${VISIBLE}\nTITLE\n${VISIBLE}\n`);
});

test('JSON stays what it was, with every control character escaped', () => {
  const stdout = new PassThrough();
  const out = createOutput(true, { stdout, stderr: stdout });
  printOne(out, { subject: HOSTILE }, []);
  const said = String(stdout.read());
  expect(JSON.parse(said)).toEqual({ subject: HOSTILE });
  expect(said).not.toMatch(/[^\P{Cc}\n]/u);
});
