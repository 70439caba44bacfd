import { expect, test } from '@jest/globals';
import { parseGitHubAddress } from '../../../domain/forge/github-address.js';

const SITE = 'https://github.com';
const shop = { owner: 'acme', repo: 'shop' };

test.each(['https://github.com/acme/shop', 'https://github.com/acme/shop.git', 'https://GitHub.com/acme/shop/'])(
  '%s is a repository of the site',
  (text) => expect(parseGitHubAddress(text, SITE)).toEqual(shop),
);

test.each([
  'https://github.com/acme',
  'https://github.com/acme/shop/tree/main',
  'https://github.com//shop',
  'https://github.com/acme/..',
  'https://github.com/acme/.git',
  'https://github.com/-acme/shop',
  'https://github.com/acme/sh op',
  'https://github.com/acme/shop?x=1',
  'https://github.com.evil.example/acme/shop',
  'https://user@github.com/acme/shop',
  'http://github.com/acme/shop',
  '/srv/acme/shop',
  'git@github.com:acme/shop.git',
])('%s is not', (text) => expect(parseGitHubAddress(text, SITE)).toBeUndefined());

test('an Enterprise server on a port of its own has its own repositories alone', () => {
  expect(parseGitHubAddress('http://127.0.0.1:8080/acme/shop', 'http://127.0.0.1:8080')).toEqual(shop);
  expect(parseGitHubAddress('https://github.com/acme/shop', 'http://127.0.0.1:8080')).toBeUndefined();
});
