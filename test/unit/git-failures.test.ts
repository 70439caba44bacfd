import { expect, test } from '@jest/globals';
import { gitFailure } from '../../infra/git/git-failures.js';

const AT = "unable to access 'https://github.com/acme/shop/': ";

test.each([
  `fatal: ${AT}The requested URL returned error: 429`,
  `fatal: ${AT}The requested URL returned error: 503`,
  `fatal: ${AT}Empty reply from server`,
  `fatal: ${AT}Recv failure: Connection reset by peer`,
  `fatal: ${AT}Operation too slow. Less than 1000 bytes/sec transferred the last 60 seconds`,
  `fatal: ${AT}HTTP/2 stream 1 was not closed cleanly before end of the underlying stream`,
  'error: RPC failed; curl 56 transfer closed with outstanding read data remaining',
  'remote: Internal Server Error',
  'fetch-pack: unexpected disconnect while reading sideband packet',
  'Killed\nfatal: expected flush after ref listing',
  'Killed\nfatal: Could not read from remote repository.',
])('a forge that is away for a moment: %s', (words) => {
  expect(gitFailure('fetch', 128, words)).toMatchObject({ type: 'Unavailable', details: { reason: 'REMOTE' } });
});

test.each([
  [`remote: Repository not found.\nfatal: repository 'https://github.com/acme/shop/' not found`, 'NotFound'],
  [
    `remote: Write access to repository not granted.\nfatal: ${AT}The requested URL returned error: 403`,
    'PermissionDenied',
  ],
  [`remote: Invalid username or token.\nfatal: Authentication failed for 'https://github.com/'`, 'PermissionDenied'],
  [`fatal: couldn't find remote ref refs/heads/main`, 'NotFound'],
  ['git@forge: Permission denied (publickey).\nfatal: Could not read from remote repository.', 'PermissionDenied'],
  [
    `fatal: '/srv/shop' does not appear to be a git repository\nfatal: Could not read from remote repository.`,
    'NotFound',
  ],
])('what is refused for good is not taken for a moment: %s', (words, type) => {
  expect(gitFailure('fetch', 128, words).type).toBe(type);
});

test('neither credentials nor control characters of an address are repeated', () => {
  const { message } = gitFailure('fetch', 128, "fatal: 'https://me:s3cret@github.com/'\u001b[31m is odd");
  expect(message).toBe("git fetch: fatal: 'https://***@github.com/' [31m is odd");
});
