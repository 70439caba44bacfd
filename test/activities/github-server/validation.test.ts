import { expect, test } from '@jest/globals';
import { startGitHub } from '../../support/github/start.js';
import { rest } from '../../support/github/test-client.js';
import { complaintsOfAnswer } from '../../support/github/validation/rest.js';
import { complaintsOfWebhook } from '../../support/github/validation/webhooks.js';

const REPO = 'acme/shop';

test('a request that GitHub does not know ends the test that made it', async () => {
  const github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop' });
  const { token } = github.admin.user('rita', { [REPO]: 'write' });
  expect((await rest(github, `GET /repos/${REPO}/issues?stat=open`, { token })).status).toBe(422);
  expect((await rest(github, `POST /repos/${REPO}/issues`, { token, body: { text: 'no title' } })).status).toBe(422);
  expect(() => github.assertValid()).toThrow(/query parameter stat is unknown/);
  await expect(github.close()).rejects.toThrow(/body: text is unknown/);
});

test('an answer that lacks a field is a complaint', () => {
  expect(complaintsOfAnswer('GET /repos/{owner}/{repo}/pulls/{pull_number}', 200, { number: 1 }).join('\n')).toContain(
    "must have required property 'head'",
  );
  expect(complaintsOfAnswer('GET /repos/{owner}/{repo}/pulls/{pull_number}', 202, {})).toEqual([
    expect.stringContaining('status 202 is not among'),
  ]);
});

test('an event that lacks a field, or that nobody published, is a complaint', () => {
  expect(complaintsOfWebhook('issues', { action: 'opened' }).join('\n')).toContain(
    "must have required property 'issue'",
  );
  expect(complaintsOfWebhook('issues', { action: 'exploded' })).toEqual(['no schema of issues$exploded is published']);
});
