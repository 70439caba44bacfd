import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type GitHub, startGitHub } from '../../support/github/start.js';
import { jwtOf, rest } from '../../support/github/test-client.js';
import { type Receiver, startReceiver } from '../../support/github/test-receiver.js';
import { signatureOf } from '../../support/github/webhooks/signature.js';
import { until } from '../../support/until.js';

const REPO = 'acme/shop';
const SECRET = 'a secret of both sides';
let github: GitHub;
let receiver: Receiver;

beforeEach(async () => {
  github = await startGitHub();
  receiver = await startReceiver();
  await github.admin.createRepository({ owner: 'acme', name: 'shop' });
});

afterEach(async () => {
  await github.close();
  await receiver.close();
});

const named = (): readonly string[] =>
  receiver.received.map(({ event, body }) => (body.action === undefined ? event : `${event}.${body.action}`));

test('signs as GitHub documents it', () => {
  expect(signatureOf("It's a Secret to Everybody", 'Hello, World!')).toBe(
    'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  );
});

test('what happens is told, in order and signed, with bodies that the published schemas accept', async () => {
  github.webhooks.configure({ url: receiver.url, secret: SECRET });
  const { number } = await github.people.openIssue({ repository: REPO, title: 'Do it', labels: ['millwright'] });
  github.people.comment({ repository: REPO, number, body: '/millwright plan' });
  await github.people.moveBranch({ repository: REPO, branch: 'topic', to: (await github.people.tip(REPO)) ?? null });
  await github.people.push({ repository: REPO, branch: 'topic', files: { 'b.txt': 'two\n' } });
  const pull = await github.people.openPullRequest({ repository: REPO, title: 'PR', head: 'topic' });
  github.admin.user('rita', { [REPO]: 'write' });
  github.people.review({ repository: REPO, number: pull.number, by: 'rita', state: 'APPROVED' });
  await github.people.push({ repository: REPO, branch: 'topic', files: { 'c.txt': 'three\n' } });
  await github.people.merge({ repository: REPO, number: pull.number });
  await github.people.closeIssue({ repository: REPO, number });
  await github.webhooks.settled();
  expect([...named()].sort()).toEqual(
    [
      'issues.opened',
      'issues.labeled',
      'issue_comment.created',
      'create',
      'push',
      'push',
      'pull_request.opened',
      'pull_request_review.submitted',
      'push',
      'pull_request.synchronize',
      'pull_request.closed',
      'push',
      'issues.closed',
    ].sort(),
  );
  for (const { headers, raw } of receiver.received) {
    expect(headers['x-hub-signature-256']).toBe(signatureOf(SECRET, raw));
  }
  expect(github.violations).toEqual([]);
});

test('a failed delivery is listed, and comes again under the same id when asked for', async () => {
  github.webhooks.configure({ url: receiver.url, secret: SECRET });
  receiver.answerWith(503);
  await github.people.openIssue({ repository: REPO, title: 'Do it' });
  await github.webhooks.settled();
  const token = jwtOf(github);
  const failed = await rest(github, 'GET /app/hook/deliveries?status=failure', { token });
  expect(failed.body).toMatchObject([{ event: 'issues', action: 'opened', status_code: 503, redelivery: false }]);
  receiver.answerWith(202);
  const again = await rest(github, `POST /app/hook/deliveries/${failed.body[0].id}/attempts`, { token });
  expect(again.status).toBe(202);
  await github.webhooks.settled();
  const guids = receiver.received.map(({ headers }) => headers['x-github-delivery']);
  expect(guids).toEqual([failed.body[0].guid, failed.body[0].guid]);
  const listed = await rest(github, 'GET /app/hook/deliveries?per_page=1', { token });
  expect(listed.body).toMatchObject([{ redelivery: true, status: 'OK' }]);
  const next = /<([^>]+)>; rel="next"/.exec(listed.headers.get('link') ?? '')?.[1] ?? '';
  expect((await rest(github, `GET ${next}`, { token })).body[0].id).toBe(failed.body[0].id);
});

test('deliveries are dropped, doubled, overtaken and signed wrongly as the seed says', async () => {
  const tell = async (): Promise<readonly string[]> => {
    for (let count = 0; count < 30; count += 1) await github.people.openIssue({ repository: REPO, title: `${count}` });
    await github.webhooks.settled();
    return receiver.received.map(({ body }) => body.issue.title);
  };
  github.webhooks.configure({
    url: receiver.url,
    secret: SECRET,
    drop: 0.2,
    duplicate: 0.2,
    reorder: 0.2,
    wrongSignature: 0.2,
    seed: 7,
  });
  const titles = await tell();
  const isWrong = receiver.received.filter(
    ({ headers, raw }) => headers['x-hub-signature-256'] !== signatureOf(SECRET, raw),
  );
  const failed = github.webhooks.deliveries.filter((one) => one.statusCode === 0);
  const distinct = new Set(titles);
  expect(failed.length).toBeGreaterThan(0);
  expect(distinct.size).toBe(30 - failed.filter((one) => !titles.includes(JSON.parse(one.payload).issue.title)).length);
  expect(titles.length).toBeGreaterThan(distinct.size);
  expect(isWrong.length).toBeGreaterThan(0);
  expect([...titles].map(Number)).not.toEqual([...titles].map(Number).sort((a, b) => a - b));
});

test('an event that the App did not ask for, or of a repository without it, is not sent', async () => {
  github.webhooks.configure({ url: receiver.url, secret: SECRET, events: ['issues'] });
  await github.admin.createRepository({ owner: 'else', name: 'where', hasApp: false });
  await github.people.openIssue({ repository: 'else/where', title: 'Nobody hears it' });
  const { number } = await github.people.openIssue({ repository: REPO, title: 'Do it' });
  github.people.comment({ repository: REPO, number, body: 'Hello' });
  await until(() => receiver.received.length === 1);
  await github.webhooks.settled();
  expect(named()).toEqual(['issues.opened']);
});

test('a webhook of a repository names no installation, and hears of repositories without the App', async () => {
  github.webhooks.configure({ url: receiver.url, secret: SECRET, target: 'repository' });
  await github.admin.createRepository({ owner: 'else', name: 'where', hasApp: false });
  await github.people.openIssue({ repository: 'else/where', title: 'Heard' });
  await github.webhooks.settled();
  expect(receiver.received.map(({ headers }) => headers['x-github-hook-installation-target-type'])).toEqual([
    'repository',
  ]);
  expect(receiver.received[0]?.body.installation).toBeUndefined();
});

test('any body can be sent, as of an event that is published only later', async () => {
  github.webhooks.configure({ url: receiver.url, secret: SECRET });
  const guid = github.webhooks.sendBody('from_the_future', { action: 'arrived' });
  await github.webhooks.settled();
  expect(receiver.received[0]?.headers).toMatchObject({
    'x-github-delivery': guid,
    'x-github-event': 'from_the_future',
  });
});

test('drafts, moved repositories and renamed branches are told as published', async () => {
  github.webhooks.configure({ url: receiver.url, secret: SECRET });
  await github.people.moveBranch({ repository: REPO, branch: 'topic', to: (await github.people.tip(REPO)) ?? null });
  await github.people.push({ repository: REPO, branch: 'topic', files: { 'b.txt': 'two\n' } });
  const { number, pull } = await github.people.openPullRequest({
    repository: REPO,
    title: 'PR',
    head: 'topic',
    isDraft: true,
  });
  await github.people.setDraft({ repository: REPO, number, isDraft: false });
  await github.admin.renameDefaultBranch(REPO, 'trunk');
  expect(pull.baseRef).toBe('trunk');
  github.admin.user('umbrella');
  github.admin.transfer(REPO, 'umbrella');
  await github.admin.createRepository({ owner: 'acme', name: 'second' });
  github.admin.rename('acme/second', 'third');
  github.admin.archive('acme/third');
  github.admin.deleteRepository('acme/third');
  await github.webhooks.settled();
  const told = named().filter((one) => one.startsWith('repository') || one.startsWith('pull_request'));
  expect([...told].sort()).toEqual([
    'pull_request.edited',
    'pull_request.opened',
    'pull_request.ready_for_review',
    'repository.archived',
    'repository.deleted',
    'repository.edited',
    'repository.renamed',
  ]);
});
