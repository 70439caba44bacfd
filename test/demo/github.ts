import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from '../../cli/api-client.js';
import { table } from '../../cli/output.js';
import { type GitHub, startGitHub } from '../support/github/start.js';
import { heading } from './report.js';

const OWNER = 'acme';
const NAME = 'invoice';
const REPOSITORY = `${OWNER}/${NAME}`;
const CI = 'ci / test';
const SECRET = 'of the demo alone';

/** A GitHub on this machine with the sample repository, and an App of ours installed on it. */
export interface DemoGitHub {
  /** What a project is added by. */
  readonly source: string;
  /** From now on events go to this instance. */
  sendEventsTo(api: ApiClient): void;
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
  return {
    source: `${github.url}/${REPOSITORY}`,
    sendEventsTo: (api) => github.webhooks.configure({ url: `${api.baseUrl}/webhooks/github`, secret: SECRET }),
    report: () => reportOf(github),
    stop: () => github.close(),
  };
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
    `${github.requests.length} requests, ${created} of them created something; ${github.webhooks.deliveries.length} events sent`,
  ].join('\n');
}
