import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient, Resource } from '../../cli/api-client.js';
import { table } from '../../cli/output.js';
import { ANSWERS } from '../support/github/faults/faults.js';
import { type GitHub, startGitHub } from '../support/github/start.js';
import { until } from '../support/until.js';
import { DESCRIPTION, TITLE } from './epic.js';
import { heading } from './report.js';

const OWNER = 'acme';
const NAME = 'invoice';
const REPOSITORY = `${OWNER}/${NAME}`;
const CI = 'ci / test';
const PERSON = 'ada';
const PATIENCE = { atMostMs: 90_000 };
const SECRET = 'of the demo alone';

/** A GitHub on this machine with the sample repository, and an App of ours installed on it. */
export interface DemoGitHub {
  /** What a project is added by. */
  readonly source: string;
  /** From now on events go to this instance; with a seed as on GitHub's worst day. */
  sendEventsTo(api: ApiClient, worstDay?: number): void;
  /** Files the epic as its users do: an issue with a label. @returns once the instance has made an epic of it */
  fileEpic(api: ApiClient, projectId: string): Promise<Resource>;
  /** Lands it as its users do: a comment in the issue. */
  askToLand(): void;
  /** @throws Error when the issue of a complete epic stays open */
  issueClosed(): Promise<void>;
  /** What people find there afterwards. */
  report(): string;
  stop(): Promise<void>;
}

/** Sets the variables by which an instance finds it. */
export async function startDemoGitHub(home: string, sample: string): Promise<DemoGitHub> {
  const github = await startGitHub({ directory: join(home, 'github') });
  await github.admin.createRepository({ owner: OWNER, name: NAME, bundle: sample, isPublic: true });
  // Its own CI gates beside the checks of `millwright.yml`; the App lands what it has seen green on the same tree.
  const bypass = [github.app.slug];
  github.admin.protect(REPOSITORY, { source: 'ruleset', requiredChecks: [{ context: CI }], bypass });
  const work = { kind: 'command', argv: ['npm', 'test'] } as const;
  const branches = ['main', 'millwright-queue/**'];
  github.ci.install({ repository: REPOSITORY, branches, jobs: [{ name: CI, work }] });
  const key = join(home, 'github-app.pem');
  writeFileSync(key, github.app.privateKey);
  chmodSync(key, 0o600);
  Object.assign(process.env, {
    GITHUB_URL: github.url,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_APP_ID: String(github.app.id),
    GITHUB_APP_PRIVATE_KEY_FILE: key,
    GITHUB_WEBHOOK_SECRET: SECRET,
  });
  github.admin.user(PERSON, { [REPOSITORY]: 'write' });
  let issue = 0;
  return {
    source: `${github.url}/${REPOSITORY}`,
    fileEpic: async (api, projectId) => {
      const at = { repository: REPOSITORY, by: PERSON };
      issue = (await github.people.openIssue({ ...at, title: TITLE, body: DESCRIPTION })).number;
      await github.people.label({ ...at, number: issue, name: 'millwright' });
      let [epic] = await api.list('/epics', { projectId });
      await until(async () => {
        [epic] = await api.list('/epics', { projectId });
        return epic !== undefined;
      }, PATIENCE);
      return epic as Resource; // the wait ended with one
    },
    askToLand: () =>
      void github.people.comment({ repository: REPOSITORY, number: issue, by: PERSON, body: '/millwright land' }),
    issueClosed: () =>
      until(() => github.state.issues.find(({ number }) => number === issue)?.state === 'closed', PATIENCE),
    sendEventsTo: (api, worstDay) => {
      const to = { url: `${api.baseUrl}/webhooks/github`, secret: SECRET };
      if (worstDay === undefined) return github.webhooks.configure(to);
      spoil(github, worstDay);
      github.webhooks.configure({ ...to, drop: 0.3, duplicate: 0.3, reorder: 0.3, seed: worstDay });
    },
    report: () => reportOf(github),
    stop: () => github.close(),
  };
}

/** Pages instead of answers, writes whose answers are lost, lists that lag; nothing of it may show in the result. */
function spoil({ faults, timing }: GitHub, seed: number): void {
  faults.seed(seed);
  faults.add(
    { path: /\/(pulls|issues|comments|rules|commits)/, chance: 0.08, times: 0, act: ANSWERS.badGatewayPage },
    { method: 'POST', path: /\/(pulls|comments)$/, chance: 0.3, times: 0, act: { kind: 'apply-then-cut' } },
  );
  Object.assign(timing, { listLagMs: 1_500, mergeableDelayMs: 3_000 });
}

function reportOf(github: GitHub): string {
  const pulls = github.state.issues.flatMap(({ number, title, login, state, pull }) =>
    pull === null ? [] : [{ number: `#${number}`, title, login, state: pull.mergedAt === null ? state : 'merged' }],
  );
  const created = github.requests.filter(({ createsContent }) => createsContent).length;
  return [
    heading('at GitHub'),
    table(
      [
        { title: 'pull request', of: ({ number }) => number },
        { title: 'title', of: ({ title }) => title, max: 50 },
        { title: 'by', of: ({ login }) => login },
        { title: 'state', of: ({ state }) => state },
      ],
      pulls,
    ),
    ...github.state.comments.map(({ issueNumber, login, body }) => `\n#${issueNumber} ${login}:\n${indented(body)}`),
    '',
    `${github.requests.length} requests, ${created} of them created something; ${github.webhooks.deliveries.length} events sent`,
  ].join('\n');
}

const indented = (text: string): string =>
  text
    .replace(/<!--.*?-->/gs, '')
    .trim()
    .replace(/^/gm, '  ');
