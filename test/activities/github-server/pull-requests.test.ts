import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type GitHub, startGitHub } from '../../support/github/start.js';
import { installationToken, rest } from '../../support/github/test-client.js';

const REPO = 'acme/shop';
let github: GitHub;
let token: string;

beforeEach(async () => {
  github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop', files: { 'a.txt': 'one\n' } });
  token = await installationToken(github, REPO, { contents: 'write', pull_requests: 'write', issues: 'write' });
});

afterEach(() => github.close());

const branch = (name: string, files: Readonly<Record<string, string>>): Promise<string> =>
  github.people.push({ repository: REPO, branch: name, files });

async function openPull(head: string): Promise<number> {
  const main = await github.people.tip(REPO);
  await github.people.moveBranch({ repository: REPO, branch: head, to: main ?? null });
  await branch(head, { [`${head}.txt`]: 'new\n' });
  const body = { title: 'A change', head, base: 'main', body: 'why' };
  const reply = await rest(github, `POST /repos/${REPO}/pulls`, { token, body });
  expect(reply.status).toBe(201);
  return reply.body.number;
}

const pull = async (number: number) => (await rest(github, `GET /repos/${REPO}/pulls/${number}`, { token })).body;

test('a pull request is opened once for the same branches, and found by its head', async () => {
  const number = await openPull('topic');
  const again = await rest(github, `POST /repos/${REPO}/pulls`, {
    token,
    body: { title: 'Again', head: 'topic', base: 'main' },
  });
  expect(again.status).toBe(422);
  expect(again.body.errors[0].message).toBe('A pull request already exists for acme:topic.');
  const found = await rest(github, `GET /repos/${REPO}/pulls?head=acme:topic&base=main&state=all`, { token });
  expect(found.body.map((one: { number: number }) => one.number)).toEqual([number]);
  expect(found.body[0].user.login).toBe('millwright[bot]');
});

test('mergeability is null when first asked for, and known afterwards', async () => {
  const number = await openPull('topic');
  expect((await pull(number)).mergeable).toBeNull();
  expect((await pull(number)).mergeable).toBe(true);
  await branch('main', { 'topic.txt': 'other\n' });
  expect((await pull(number)).mergeable).toBeNull();
  expect((await pull(number)).mergeable).toBe(false);
});

test('a merge is refused for another head, and read back as the commit it made', async () => {
  const number = await openPull('topic');
  const { head, base } = await pull(number);
  const path = `PUT /repos/${REPO}/pulls/${number}/merge`;
  expect((await rest(github, path, { token, body: { sha: base.sha } })).status).toBe(409);
  const merged = await rest(github, path, { token, body: { sha: head.sha, merge_method: 'merge' } });
  expect(merged.body).toMatchObject({ merged: true, sha: await github.people.tip(REPO) });
  expect(await pull(number)).toMatchObject({ state: 'closed', merged: true, merge_commit_sha: merged.body.sha });
  expect((await rest(github, path, { token, body: {} })).status).toBe(405);
});

test('a head that a push makes reachable from the base is merged, by the commit that brought it', async () => {
  const number = await openPull('topic');
  const { head, base } = await pull(number);
  const tree = await github.people.git(REPO, 'rev-parse', `${head.sha}^{tree}`);
  const made = await github.people.git(
    REPO,
    '-c',
    'user.name=A',
    '-c',
    'user.email=a@example.org',
    'commit-tree',
    tree,
    '-p',
    base.sha,
    '-p',
    head.sha,
    '-m',
    'Land',
  );
  await github.people.moveBranch({ repository: REPO, branch: 'main', to: made });
  expect(await pull(number)).toMatchObject({ state: 'closed', merged: true, merge_commit_sha: made });
});

test('a head whose branch goes is closed and not merged', async () => {
  const number = await openPull('topic');
  await github.people.moveBranch({ repository: REPO, branch: 'topic', to: null });
  expect(await pull(number)).toMatchObject({ state: 'closed', merged: false });
});

test('reviews, labels, comments and reactions are kept and shown', async () => {
  const number = await openPull('topic');
  const reviewer = github.admin.user('rita', { [REPO]: 'write' });
  const own = await rest(github, `POST /repos/${REPO}/pulls/${number}/reviews`, { token, body: { event: 'APPROVE' } });
  expect(own.status).toBe(422);
  const review = await rest(github, `POST /repos/${REPO}/pulls/${number}/reviews`, {
    token: reviewer.token,
    body: { event: 'APPROVE' },
  });
  expect(review.body).toMatchObject({ state: 'APPROVED', user: { login: 'rita' }, author_association: 'COLLABORATOR' });
  const labels = await rest(github, `POST /repos/${REPO}/issues/${number}/labels`, {
    token,
    body: { labels: ['hold'] },
  });
  expect(labels.body.map((one: { name: string }) => one.name)).toEqual(['hold']);
  const comments = `/repos/${REPO}/issues/${number}/comments`;
  const comment = await rest(github, `POST ${comments}`, { token, body: { body: 'Hello' } });
  const path = `/repos/${REPO}/issues/comments/${comment.body.id}`;
  expect((await rest(github, `PATCH ${path}`, { token, body: { body: 'Hello again' } })).body.body).toBe('Hello again');
  expect((await rest(github, `POST ${path}/reactions`, { token, body: { content: 'eyes' } })).status).toBe(201);
  expect((await rest(github, `POST ${path}/reactions`, { token, body: { content: 'eyes' } })).status).toBe(200);
  const listed = await rest(github, `GET ${comments}`, { token });
  expect(listed.body).toMatchObject([{ body: 'Hello again', reactions: { eyes: 1, total_count: 1 } }]);
});

test('a list comes in pages, and an answer that is known costs nothing', async () => {
  for (let count = 0; count < 3; count += 1) {
    await github.people.openIssue({ repository: REPO, title: `Issue ${count}` });
  }
  const first = await rest(github, `GET /repos/${REPO}/issues?per_page=2`, { token });
  expect(first.body).toHaveLength(2);
  expect(first.headers.get('link')).toContain('page=2>; rel="next"');
  const used = Number(first.headers.get('x-ratelimit-used'));
  const again = await rest(github, `GET /repos/${REPO}/issues?per_page=2`, {
    token,
    headers: { 'if-none-match': first.headers.get('etag') ?? '' },
  });
  expect([again.status, Number(again.headers.get('x-ratelimit-used'))]).toEqual([304, used]);
});

test('a squash is one commit on the base, a rebase each of the head again', async () => {
  const squashed = await openPull('first');
  const before = await github.people.tip(REPO);
  const merge = (number: number, merge_method: string) =>
    rest(github, `PUT /repos/${REPO}/pulls/${number}/merge`, { token, body: { merge_method } });
  const { body } = await merge(squashed, 'squash');
  const parents = (sha: string) => github.people.git(REPO, 'log', '-1', '--format=%P', sha);
  expect(await parents(body.sha)).toBe(before);
  expect(await github.people.git(REPO, 'log', '-1', '--format=%s', body.sha)).toBe(`A change (#${squashed})`);
  const rebased = await openPull('second');
  await branch('second', { 'more.txt': 'more\n' });
  await branch('main', { 'c.txt': 'other\n' });
  const tip = await github.people.tip(REPO);
  const done = await merge(rebased, 'rebase');
  expect(await parents(await parents(done.body.sha))).toBe(tip);
  expect(await github.people.git(REPO, 'ls-tree', '--name-only', 'main')).toBe(
    ['a.txt', 'c.txt', 'first.txt', 'more.txt', 'second.txt'].join('\n'),
  );
});

test('ten at once open one pull request, and ten merges make one commit', async () => {
  await github.people.moveBranch({ repository: REPO, branch: 'topic', to: (await github.people.tip(REPO)) ?? null });
  await branch('topic', { 'topic.txt': 'new\n' });
  const open = () =>
    rest(github, `POST /repos/${REPO}/pulls`, { token, body: { title: 'T', head: 'topic', base: 'main' } });
  const opened = await Promise.all(Array.from({ length: 10 }, open));
  expect(opened.map((one) => one.status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 422)]);
  const merge = () => rest(github, `PUT /repos/${REPO}/pulls/1/merge`, { token, body: {} });
  const merged = await Promise.all(Array.from({ length: 10 }, merge));
  expect(merged.map((one) => one.status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 405)]);
  expect(await github.people.git(REPO, 'rev-list', '--count', '--first-parent', 'main')).toBe('2');
});
