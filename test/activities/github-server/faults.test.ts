import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ANSWERS } from '../../support/github/faults/faults.js';
import { type GitHub, startGitHub } from '../../support/github/start.js';
import { installationToken, rest } from '../../support/github/test-client.js';

const REPO = 'acme/shop';
let github: GitHub;
let token: string;

beforeEach(async () => {
  github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop' });
  token = await installationToken(github, REPO, { issues: 'write' });
});

afterEach(() => github.close());

const open = (title: string) => rest(github, `POST /repos/${REPO}/issues`, { token, body: { title } });
const list = (query = '') => rest(github, `GET /repos/${REPO}/issues${query}`, { token });

test('a refusal by script does nothing, and only as often as it says', async () => {
  github.faults.add(
    { method: 'POST', path: /\/issues$/, act: ANSWERS.badGatewayPage },
    { method: 'POST', path: /\/issues$/, act: ANSWERS.secondaryLimit(429, 7) },
  );
  const page = await open('one');
  expect([page.status, page.headers.get('content-type')]).toEqual([502, 'text/html; charset=utf-8']);
  const limited = await open('one');
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
  expect((await open('one')).status).toBe(201);
  expect((await list()).body).toHaveLength(1);
  expect(github.requests.map((one) => one.fault).filter(Boolean)).toEqual(['answer 502', 'answer 429']);
});

test('a request may be done although nobody hears of it', async () => {
  github.faults.add({ method: 'POST', path: '/issues$', act: { kind: 'apply-then-cut' } });
  await expect(open('one')).rejects.toThrow();
  github.faults.add({ method: 'GET', path: '/issues$', act: { kind: 'truncate' } });
  await expect(list()).rejects.toThrow();
  expect((await list()).body).toMatchObject([{ title: 'one' }]);
});

test('lists lag behind, and single things do not', async () => {
  github.timing.listLagMs = 5_000;
  const { body } = await open('one');
  expect((await list()).body).toEqual([]);
  expect((await rest(github, `GET /repos/${REPO}/issues/${body.number}`, { token })).status).toBe(200);
  github.clock.advance(5_001);
  expect((await list()).body).toHaveLength(1);
});

test('eighty pieces of content a minute and five hundred an hour, and no more', async () => {
  for (let count = 0; count < 80; count += 1) await open(`${count}`);
  const refused = await open('one too many');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([403, '60']);
  expect(refused.body.message).toContain('secondary rate limit');
  expect((await list()).status).toBe(200);
  github.limiter.limits.contentPerHour = 81;
  github.clock.advance(60_001);
  expect([(await open('next')).status, (await open('last')).status]).toEqual([201, 403]);
  expect(github.requests.filter((one) => one.createsContent)).toHaveLength(81);
  expect(github.requests.filter((one) => one.isLimited)).toHaveLength(2);
});

test('so many points a minute and requests an hour, and the headers say what is left', async () => {
  github.limiter.limits.pointsPerMinute = 7;
  await open('one');
  expect((await list()).status).toBe(200);
  expect((await open('two')).status).toBe(403);
  expect((await list('?state=all')).status).toBe(200);
  github.clock.advance(60_001);
  github.limiter.limits.requestsPerHour = 5;
  const last = await list('?state=closed');
  expect(last.headers.get('x-ratelimit-remaining')).toBe('0');
  const refused = await list();
  expect([refused.status, refused.body.message]).toEqual([403, 'API rate limit exceeded for installation.']);
  github.clock.advance((Number(refused.headers.get('x-ratelimit-reset')) + 1) * 1_000 - github.clock.now());
  const later = await installationToken(github, REPO, { issues: 'read' });
  expect((await rest(github, `GET /repos/${REPO}/issues`, { token: later })).status).toBe(200);
});

test('git meets faults too', async () => {
  github.faults.add({ path: '/info/refs$', act: ANSWERS.unavailable });
  const refs = () =>
    fetch(`${github.url}/${REPO}.git/info/refs?service=git-upload-pack`, {
      headers: { authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}` },
    });
  expect((await refs()).status).toBe(503);
});

test('a read may be stale, and only for so long', async () => {
  github.timing.staleMs = 5_000;
  expect((await list()).body).toEqual([]);
  await open('one');
  expect((await list()).body).toEqual([]);
  github.clock.advance(5_001);
  expect((await list()).body).toHaveLength(1);
});

test('who goes on although it was told to wait is counted', async () => {
  github.limiter.limits.contentPerMinute = 1;
  await open('one');
  expect((await open('two')).status).toBe(403);
  expect(github.limiter.hammered).toBe(0);
  await list();
  expect(github.limiter.hammered).toBe(1);
});
