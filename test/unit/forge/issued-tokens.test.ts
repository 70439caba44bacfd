import { expect, test } from '@jest/globals';
import { IssuedTokens } from '../../../infra/forge/github/issued-tokens.js';
import { RememberedAnswers } from '../../../infra/forge/github/remembered-answers.js';

const HOUR = 3_600_000;
const value = (token: string, expiresAtMs: number): string =>
  [token, new Date(0).toISOString(), new Date(expiresAtMs).toISOString(), 'selected', '', ''].join('|');

test('a token that is about to expire is asked for anew', () => {
  let now = 0;
  const tokens = new IssuedTokens(() => now);
  tokens.set('1|shop|contents', value('ghs_a', HOUR));
  expect(tokens.get('1|shop|contents')).toMatch(/^ghs_a\|/);
  now = HOUR - 10 * 60_000;
  expect(tokens.get('1|shop|contents')).toBe('');
});

test('every token that was issued is given back once, one that was replaced as well', () => {
  const tokens = new IssuedTokens(() => 0);
  tokens.set('1|shop|contents', value('ghs_a', HOUR));
  tokens.set('1|shop|contents', value('ghs_b', HOUR));
  tokens.set('1|shop|checks!', value('ghs_c', HOUR));
  expect([...tokens.drain()].sort()).toEqual(['ghs_a', 'ghs_b', 'ghs_c']);
  expect(tokens.drain()).toEqual([]);
});

test('of the answers with an ETag the latest used stay within their bytes', () => {
  const answers = new RememberedAnswers(100);
  const answer = { data: 'x'.repeat(30) };
  answers.put('a', '"1"', answer);
  answers.put('b', '"2"', answer);
  expect(answers.get('a')?.etag).toBe('"1"');
  answers.put('c', '"3"', answer);
  answers.put('d', '"4"', answer);
  expect(['a', 'b', 'c', 'd'].map((key) => answers.get(key)?.etag)).toEqual(['"1"', undefined, '"3"', '"4"']);
});

test('an answer without an ETag forgets the one before', () => {
  const answers = new RememberedAnswers();
  answers.put('a', '"1"', { data: 1 });
  answers.put('a', undefined, { data: 2 });
  expect(answers.get('a')).toBeUndefined();
});
