import { expect, test } from '@jest/globals';
import { limitLines } from '../../cli/github/limits.js';

const quiet = {
  scope: 'installation/7',
  pointsPerMinute: { limit: 900, left: 888 },
  creationsPerMinute: { limit: 80, left: 78 },
  creationsPerHour: { limit: 500, left: 498 },
  quota: null,
  pausedUntil: null,
  waitSeconds: { landing: 0, state: 0, report: 0 },
  waiting: { landing: 0, state: 0, report: 0 },
};

test('the limits of a forge are told in words, with who waits and for how long', () => {
  const limited = {
    ...quiet,
    scope: 'token/0123456789ab',
    quota: { limit: 5_000, remaining: 12, resetAt: '2026-11-22T10:30:00.000Z' },
    pausedUntil: '2026-11-22T10:12:00.000Z',
    waitSeconds: { landing: 90, state: 90, report: 240 },
    waiting: { landing: 2, state: 0, report: 5 },
  };
  expect(limitLines([quiet, limited]).map(([name, words]) => `${name}|${words}`)).toMatchInlineSnapshot(`
[
  "limits|installation/7: left this minute 888 of 900 points and 78 of 80 creations; this hour 498 of 500 creations",
  "|token/0123456789ab: paused until 2026-11-22T10:12:00.000Z; left this minute 888 of 900 points and 78 of 80 creations; this hour 498 of 500 creations; 12 of 5000 requests until 2026-11-22T10:30:00.000Z; waiting: 2 that land, 5 that only show, up to 240 s",
]
`);
});
