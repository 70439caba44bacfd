import { afterEach, expect, test } from '@jest/globals';
import { Limiter } from '../../support/github/limits/limiter.js';
import { routesOf } from '../../support/github/routes/routes.js';
import { type GitHub, startGitHub } from '../../support/github/start.js';
import { installationToken, jwtOf, rest } from '../../support/github/test-client.js';
import { type Receiver, startReceiver } from '../../support/github/test-receiver.js';
import { published } from '../../support/github/validation/published.js';

const REPO = 'acme/shop';
let github: GitHub;
let receiver: Receiver;

afterEach(async () => {
  await receiver.close();
  await github.close();
});

test('every route answers as the published document says', async () => {
  github = await startGitHub({
    app: {
      permissions: {
        actions: 'write',
        administration: 'read',
        checks: 'write',
        contents: 'write',
        issues: 'write',
        members: 'read',
        pull_requests: 'write',
        statuses: 'write',
      },
    },
  });
  receiver = await startReceiver();
  github.webhooks.configure({ url: receiver.url, secret: 's' });
  await github.admin.createRepository({ owner: 'acme', name: 'shop', files: { 'a.txt': 'one\n' } });
  github.admin.protect(REPO, { pattern: 'release/*', requiredChecks: [{ context: 'ci' }] });
  github.admin.team('acme', 'core', ['rita']);
  github.ci.install({ repository: REPO, jobs: [{ name: 'ci', work: { kind: 'command', argv: ['false'] } }] });
  const rita = github.admin.user('rita', { [REPO]: 'admin' }).token;
  const installation = github.admin.installation(REPO);
  const token = await installationToken(github, REPO, installation.permissions);
  const ask = async (what: string, body?: unknown, as = token) => {
    const reply = await rest(github, what.replace(/ \/r(?=\/|$)/, ` /repos/${REPO}`), {
      token: as,
      ...(body === undefined ? {} : { body }),
    });
    if (reply.status >= 400) throw new Error(`${what}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  const app = (what: string, body?: unknown) => ask(what, body, jwtOf(github));

  await ask('GET /user', undefined, rita);
  for (const path of [
    '/users/rita',
    '/meta',
    '/rate_limit',
    '/orgs/acme/teams/core/memberships/rita',
    '/installation/repositories',
    '/apps/millwright',
  ]) {
    await ask(`GET ${path}`);
  }
  for (const path of [
    '/app',
    '/app/installations',
    `/app/installations/${installation.id}`,
    `/repos/${REPO}/installation`,
    '/app/hook/config',
  ]) {
    await app(`GET ${path}`);
  }
  await app('PATCH /app/hook/config', { url: receiver.url, secret: 's' });

  const main = (await ask('GET /r/git/ref/heads/main')).object.sha;
  for (const path of [
    '',
    '/branches',
    '/branches/main',
    '/commits',
    `/commits/${main}`,
    '/collaborators/rita/permission',
    '/rules/branches/main',
    `/git/commits/${main}`,
    '/git/matching-refs/heads',
  ]) {
    await ask(`GET /r${path}`);
  }
  await ask('GET /r/branches/release%2F1/protection');
  await ask('POST /r/git/refs', { ref: 'refs/heads/topic', sha: main });
  await github.people.push({ repository: REPO, branch: 'topic', files: { 'b.txt': 'two\n' } });
  await ask('PATCH /r/git/refs/heads/topic', {
    sha: await github.people.push({ repository: REPO, branch: 'topic', files: { 'b.txt': 'three\n' } }),
  });
  await github.people.push({ repository: REPO, branch: 'main', files: { 'c.txt': 'other\n' } });
  await ask('GET /r/compare/main...topic');

  const { number } = await ask('POST /r/pulls', { title: 'PR', head: 'topic', base: 'main' });
  const one = `/r/pulls/${number}`;
  await ask(`PATCH ${one}`, { title: 'A pull request', body: 'why' });
  await ask(`PUT ${one}/update-branch`);
  const { head } = await ask(`GET ${one}`);
  for (const path of ['/commits', '/files', '/reviews']) await ask(`GET ${one}${path}`);
  await ask('GET /r/pulls');
  const review = await ask(`POST ${one}/reviews`, { event: 'APPROVE' }, rita);
  await ask(`GET ${one}/reviews/${review.id}`);
  await ask(`PUT ${one}/reviews/${review.id}/dismissals`, { message: 'stale' });

  const issue = `/r/issues/${(await ask('POST /r/issues', { title: 'Do it', labels: ['millwright'] })).number}`;
  await ask('GET /r/issues');
  await ask(`GET ${issue}`);
  await ask('POST /r/labels', { name: 'hold', color: 'ff0000' });
  for (const path of ['/r/labels', '/r/labels/hold', `${issue}/labels`]) await ask(`GET ${path}`);
  await ask(`POST ${issue}/labels`, { labels: ['hold'] });
  await ask(`PUT ${issue}/labels`, { labels: ['hold', 'more'] });
  await ask(`DELETE ${issue}/labels/hold`);
  const comment = `/r/issues/comments/${(await ask(`POST ${issue}/comments`, { body: 'Hello' })).id}`;
  await ask(`GET ${issue}/comments`);
  await ask('GET /r/issues/comments');
  await ask(`GET ${comment}`);
  await ask(`PATCH ${comment}`, { body: 'Bye' });
  for (const subject of [issue, comment]) {
    const reaction = await ask(`POST ${subject}/reactions`, { content: 'rocket' });
    await ask(`GET ${subject}/reactions`);
    await ask(`DELETE ${subject}/reactions/${reaction.id}`);
  }
  await ask(`DELETE ${comment}`);
  await ask(`GET ${issue}/events`);
  await ask(`PATCH ${issue}`, { state: 'closed', state_reason: 'completed' });

  await github.ci.settled();
  const { check_suites: suites } = await ask(`GET /r/commits/${head.sha}/check-suites`);
  const [suite] = suites;
  await ask(`GET /r/commits/${head.sha}/check-runs`);
  await ask(`GET /r/check-suites/${suite.id}`);
  const { jobs } = await ask(`GET /r/actions/runs/${suite.id}/jobs`);
  await ask('GET /r/actions/runs');
  await ask(`GET /r/actions/runs/${suite.id}`);
  await ask(`GET /r/actions/jobs/${jobs[0].id}`);
  await ask(`GET /r/actions/jobs/${jobs[0].id}/logs`);
  for (const path of [
    `check-suites/${suite.id}/rerequest`,
    `actions/jobs/${jobs[0].id}/rerun`,
    `actions/runs/${suite.id}/rerun-failed-jobs`,
  ]) {
    await ask(`POST /r/${path}`);
    await github.ci.settled();
  }
  await ask(`GET /r/check-suites/${suite.id}/check-runs`);
  const run = await ask('POST /r/check-runs', { name: 'gate', head_sha: head.sha });
  await ask(`GET /r/check-runs/${run.id}`);
  await ask(`PATCH /r/check-runs/${run.id}`, {
    conclusion: 'success',
    output: { title: 'Green', summary: 'All of it' },
  });
  await ask(`GET /r/check-runs/${run.id}/annotations`);
  await ask(`POST /r/check-runs/${run.id}/rerequest`);
  await ask(`POST /r/statuses/${head.sha}`, { state: 'success', context: 'ci' });
  await ask(`GET /r/commits/${head.sha}/statuses`);
  await ask(`GET /r/commits/${head.sha}/status`);

  await ask(`PUT ${one}/merge`, { sha: head.sha, merge_method: 'squash' });
  await ask(`GET ${one}/merge`);
  await ask('DELETE /r/git/refs/heads/topic');

  await github.webhooks.settled();
  const [delivery] = await app('GET /app/hook/deliveries');
  await app(`GET /app/hook/deliveries/${delivery.id}`);
  await app(`POST /app/hook/deliveries/${delivery.id}/attempts`);
  await ask('DELETE /installation/token');

  const answered = new Set(github.requests.filter((each) => each.status < 400).map((each) => each.operation));
  const operations = routesOf(new Limiter(github.clock)).map((route) => route.operation);
  expect(operations.filter((operation) => !answered.has(operation))).toEqual([]);
  expect(operations.filter((operation) => !(operation in published.operations))).toEqual([]);
});
