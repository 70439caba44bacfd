import { join } from 'node:path';
import type { ApiClient, Resource } from '../../cli/api-client.js';
import { table } from '../../cli/output.js';
import { spoil, WORST_WEBHOOKS } from '../support/github/faults/worst-day.js';
import { judge } from '../support/github/judgement.js';
import { type GitHub, startGitHub } from '../support/github/start.js';
import { variablesOf } from '../support/github/variables.js';
import { until } from '../support/until.js';
import { DESCRIPTION, TITLE } from './epic.js';
import { heading } from './report.js';
import { type CountRow, none, TASKS } from './verdict.js';

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
  /** What is counted there, without asking Millwright. */
  counts(): Promise<readonly CountRow[]>;
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
  Object.assign(process.env, variablesOf(github, home, SECRET));
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
      github.webhooks.configure({ ...to, ...WORST_WEBHOOKS, seed: worstDay });
    },
    report: () => reportOf(github),
    counts: () => countsOf(github, issue),
    stop: () => github.close(),
  };
}

async function countsOf(github: GitHub, issue: number): Promise<readonly CountRow[]> {
  const merged = github.state.issues.filter(({ pull }) => pull !== null && pull.mergedAt !== null).length;
  const wanted = { repository: REPOSITORY, issue, pulls: TASKS + 1, outside: [], check: ['npm', 'test'] };
  const { pulls, comments, creations, base, branches } = await judge(github, wanted);
  for (const wrong of [pulls, comments, creations, base, branches].flat()) process.stderr.write(`${wrong}\n`);
  return [
    { what: 'merged at GitHub', is: merged, must: TASKS + 1, how: 'as GitHub itself shows them' },
    none('decided twice', pulls.length, 'or more pull requests there than work'),
    none('comments twice', comments.length, 'with one marker on one page; the issue is closed'),
    none('over the limits', creations.length, 'of creations in any minute or hour, or asked while told to wait'),
    none('red on main', base.length, 'every commit checked once more'),
    none('branches at GitHub', branches.length, 'of ours, left there'),
  ];
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
