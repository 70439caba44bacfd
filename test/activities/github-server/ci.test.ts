import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type GitHub, startGitHub } from '../../support/github/start.js';
import { installationToken, rest } from '../../support/github/test-client.js';
import { type Receiver, startReceiver } from '../../support/github/test-receiver.js';
import { until } from '../../support/until.js';

const REPO = 'acme/shop';
const CHECK = { name: 'ci', work: { kind: 'command', argv: ['sh', 'check.sh'] } } as const;
let github: GitHub;
let receiver: Receiver;
let token: string;

beforeEach(async () => {
  github = await startGitHub();
  receiver = await startReceiver();
  await github.admin.createRepository({
    owner: 'acme',
    name: 'shop',
    files: { 'check.sh': 'echo checking; grep -q good state\n', state: 'good\n' },
  });
  token = await installationToken(github, REPO, {
    checks: 'write',
    actions: 'write',
    contents: 'read',
    statuses: 'write',
  });
});

afterEach(async () => {
  await github.close();
  await receiver.close();
});

const push = (branch: string, state: string): Promise<string> =>
  github.people.push({ repository: REPO, branch, message: branch, files: { state } });

const runsOf = async (sha: string, query = '') =>
  (await rest(github, `GET /repos/${REPO}/commits/${sha}/check-runs${query}`, { token })).body.check_runs;

test('a pushed branch is checked by a command of its own tree, and the log can be read', async () => {
  github.webhooks.configure({ url: receiver.url, secret: 's' });
  github.ci.install({ repository: REPO, branches: ['millwright-queue/**'], jobs: [CHECK] });
  const unasked = await push('topic', 'good');
  const green = await push('millwright-queue/main/1', 'good');
  const red = await push('millwright-queue/main/2', 'bad');
  await github.ci.settled();
  expect(await runsOf(unasked)).toEqual([]);
  expect(await runsOf(green)).toMatchObject([{ name: 'ci', conclusion: 'success', app: { slug: 'github-actions' } }]);
  const [failed] = await runsOf(red);
  expect(failed.conclusion).toBe('failure');
  const logs = await rest(github, `GET /repos/${REPO}/actions/jobs/${failed.id}/logs`, { token });
  expect(logs.status).toBe(302);
  const log = await rest(github, `GET ${logs.headers.get('location')}`);
  expect(log.body).toMatch(/checking\n.*##\[error\]Process completed with exit code 1\./);
  await github.webhooks.settled();
  const told = receiver.received.map(({ event, body }) => `${event}.${body.action}`);
  expect(told.filter((one) => one === 'check_suite.completed')).toHaveLength(2);
  expect(told.filter((one) => one === 'check_run.completed')).toHaveLength(2);
});

test('a job that is asked for again runs again, and the newest counts', async () => {
  let attempts = 0;
  github.ci.install({
    repository: REPO,
    jobs: [
      {
        name: 'flaky',
        work: {
          kind: 'script',
          decide: ({ attempt }) => {
            attempts = attempt;
            return { kind: 'completed', conclusion: attempt === 1 ? 'failure' : 'success' };
          },
        },
      },
    ],
  });
  const sha = await push('topic', 'good');
  await github.ci.settled();
  const [first] = await runsOf(sha);
  expect(first.conclusion).toBe('failure');
  // The run is another App's: only its job can be asked for again.
  expect((await rest(github, `POST /repos/${REPO}/check-runs/${first.id}/rerequest`, { token })).status).toBe(403);
  expect((await rest(github, `POST /repos/${REPO}/actions/jobs/${first.id}/rerun`, { token })).status).toBe(201);
  await github.ci.settled();
  expect(attempts).toBe(2);
  expect(await runsOf(sha)).toMatchObject([{ conclusion: 'success' }]);
  expect(await runsOf(sha, '?filter=all')).toHaveLength(2);
});

test('a job may never report, report late, or fail by chance', async () => {
  github.ci.install({
    repository: REPO,
    jobs: [{ name: 'lost', work: { kind: 'script', decide: () => ({ kind: 'never' }) } }],
  });
  github.ci.install({
    repository: REPO,
    jobs: [{ name: 'unlucky', work: { kind: 'script', decide: () => ({ kind: 'completed', conclusion: 'success' }) } }],
    unreliability: { flaky: 1, late: 1, lateMs: 50 },
  });
  const sha = await push('topic', 'good');
  await until(async () => (await runsOf(sha)).length === 2);
  await github.ci.settled();
  const runs = await runsOf(sha);
  const byName = Object.fromEntries(
    runs.map((one: { name: string; status: string; conclusion: string }) => [one.name, [one.status, one.conclusion]]),
  );
  expect(byName).toEqual({ lost: ['in_progress', null], unlucky: ['completed', 'failure'] });
});

test('an App writes check runs of its own, and nobody else does', async () => {
  const sha = await github.people.tip(REPO);
  const path = `/repos/${REPO}/check-runs`;
  const body = { name: 'Millwright / lint', head_sha: sha, external_id: 'entry-1', status: 'in_progress' };
  const made = await rest(github, `POST ${path}`, { token, body });
  expect(made.status).toBe(201);
  const annotations = [{ path: 'state', start_line: 1, end_line: 1, annotation_level: 'failure', message: 'bad' }];
  const done = await rest(github, `PATCH ${path}/${made.body.id}`, {
    token,
    body: { conclusion: 'failure', output: { title: 'Red', summary: 'It is bad', annotations } },
  });
  expect(done.body).toMatchObject({ status: 'completed', output: { annotations_count: 1 } });
  expect((await rest(github, `GET ${path}/${made.body.id}/annotations`, { token })).body).toMatchObject(annotations);
  const rita = github.admin.user('rita', { [REPO]: 'write' });
  expect((await rest(github, `POST ${path}`, { token: rita.token, body })).status).toBe(403);
});

test('statuses of a commit are combined, newest of each context', async () => {
  const sha = (await github.people.tip(REPO)) ?? '';
  const say = (state: string, context: string) =>
    rest(github, `POST /repos/${REPO}/statuses/${sha}`, { token, body: { state, context } });
  await say('failure', 'ci');
  await say('success', 'ci');
  const combined = await rest(github, `GET /repos/${REPO}/commits/${sha}/status`, { token });
  expect(combined.body).toMatchObject({ state: 'success', total_count: 1 });
  await say('pending', 'lint');
  expect((await rest(github, `GET /repos/${REPO}/commits/${sha}/status`, { token })).body.state).toBe('pending');
});
