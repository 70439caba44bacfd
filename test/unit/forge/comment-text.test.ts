import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cappedComment, foreignBlock, foreignLine, MOST_COMMENT } from '../../../domain/forge/comment-text.js';
import { epicDescription, epicTitle } from '../../../domain/forge/issue-text.js';

test('a foreign text notifies nobody, shows nothing of elsewhere and says no secret', () => {
  expect(
    foreignLine('@octocat see #12, ![x](https://evil.example/?d=1) <img src=x onerror=y> www.evil.example `code`'),
  ).toMatchInlineSnapshot(
    `"&#64;​octocat see &#35;​12, &#33;&#91;x&#93;&#40;https&#58;//evil.example/?d&#61;1&#41; &lt;img src&#61;x onerror&#61;y&gt; www&#46;evil.example &#96;code&#96;"`,
  );
  expect(foreignLine('token ghp_0123456789abcdefghij')).not.toContain('ghp_');
  expect(foreignBlock('one\n> two\n\n- [x] three @all', 1_000)).toMatchInlineSnapshot(`
"> one
> &gt; two
> 
> &#45; &#91;x&#93; three &#64;​all"
`);
});

test('whatever is foreign holds no mark that GitHub acts on', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const shown = foreignLine(text);
      expect(shown).not.toMatch(/[<>@[\]()!`*_~|]|:\/\/|(?<!&)#/);
      expect(shown).not.toContain('\n');
    }),
  );
});

test('a comment that is too long is cut at a line and says so', () => {
  const text = `${'line of text\n'.repeat(10_000)}`;
  const capped = cappedComment(text);
  expect(capped.length).toBeLessThanOrEqual(MOST_COMMENT);
  expect(capped.endsWith('line of text\n\n… shortened.')).toBe(true);
  expect(cappedComment('short')).toBe('short');
});

test('an epic’s text has nothing that its issue’s page does not show', () => {
  expect(epicTitle('  Sell\u202e \n socks ')).toBe('Sell\\u{202e} socks');
  expect(epicTitle('\n')).toBe('An issue without a title');
  expect(epicDescription('a<!-- one -->b<!---->c<!-- <!-- two --> d --> e')).toBe('abc d --> e');
  expect(epicDescription('a<!-- to the end\nof all')).toBe('a');
  expect(epicDescription('x'.repeat(70_000)).length).toBeLessThan(60_100);
});
