import { rmSync } from 'node:fs';
import { MockActivityEnvironment } from '@temporalio/testing';
import { v7 as uuidv7 } from 'uuid';
import { createForgeWatchActivities } from '../../../activities/forge/watch/watch.activities.js';
import { effectiveConfig } from '../../../domain/project-config/effective.js';
import type { EpicsConfig } from '../../../domain/project-config/types.js';
import { GitHubAccess } from '../../../infra/forge/github/access.js';
import { GitHubForge } from '../../../infra/forge/github/github-forge.js';
import { GitHubIssues } from '../../../infra/forge/github/github-issues.js';
import type { IssueTracker } from '../../../infra/forge/issues.js';
import { ProjectTrackers } from '../../../infra/forge/trackers.js';
import { ProjectRepositories } from '../../../infra/git/mirrors.js';
import type { Pools } from '../../../infra/pg/pools.js';
import type { ForgeLook } from '../../../workflows/contract/activities/forge-watch.js';
import { temporaryHome, testGit } from '../git/repositories.js';
import { type GitHub, startGitHub } from '../github/start.js';
import type { Comment, Issue } from '../github/state/records.js';
import { createTestDatabase, type TestDatabase } from '../postgres.js';
import { insertGitHubProject } from '../rows.js';
import { FakeControls } from './fake-controls.js';

export const REPO = 'acme/shop';

/** A project on a GitHub, with nobody's workers: what the factory's looks do is done by hand. */
export interface IssueWorld {
  readonly database: TestDatabase;
  readonly github: GitHub;
  readonly controls: FakeControls;
  readonly projectId: string;
  /** What a delivery about the issue, or about the comment below it, leaves in the inbox. */
  hint(subject: { readonly number: number; readonly commentId?: number }): Promise<void>;
  /** As the factory does after a delivery. */
  applyHints(): Promise<ForgeLook>;
  /** As the factory does each minute, deliveries or not. */
  reconcile(): Promise<ForgeLook>;
  /** By rita, who may, unless told otherwise. */
  openIssue(issue?: {
    readonly title?: string;
    readonly body?: string;
    readonly by?: string;
    readonly labels?: readonly string[];
  }): Promise<Issue>;
  comment(number: number, body: string, by?: string): Comment;
  epics(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  rows(text: string, ...values: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Bodies of our comments, by their markers. */
  ours(): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * @param epics policies of the project
 * @param beside another tracker that the project takes issues from
 */
export async function issueWorld(
  epics: Partial<EpicsConfig> = {},
  teams: readonly string[] = [],
  beside: (pools: Pools) => { readonly linear?: IssueTracker } = () => ({}),
): Promise<IssueWorld> {
  const database = await createTestDatabase();
  const home = temporaryHome();
  const github = await startGitHub();
  await github.admin.createRepository({ owner: 'acme', name: 'shop', isPublic: true });
  github.admin.user('rita', { [REPO]: 'write' });
  github.admin.user('tim', { [REPO]: 'triage' });
  github.admin.user('stranger');
  const { pools } = database;
  const { id: appId, privateKey, slug } = github.app;
  const identity = { kind: 'app', appId, privateKey, slug } as const;
  const access = new GitHubAccess({ webUrl: github.url, apiUrl: github.apiUrl, identity }, pools);
  const projectId = await insertGitHubProject(pools.writes, REPO, github.url);
  const config = effectiveConfig({ version: 1, checks: [{ name: 'test', run: 'true' }], epics }, {});
  await pools.writes.query({
    text: 'UPDATE project SET config = $2, base_branch = NULL WHERE id = $1',
    values: [projectId, JSON.stringify(config)],
  });
  const controls = new FakeControls(pools.writes);
  const trackers = new ProjectTrackers(pools.writes, {
    github: new GitHubIssues({ pools, access, teams }),
    ...beside(pools),
  });
  const activities = createForgeWatchActivities({
    pools,
    forge: new GitHubForge({ pools, access }),
    mirrors: new ProjectRepositories(testGit(), home.path),
    issues: {
      trackersOf: (id) => trackers.of(id),
      controls,
      tuning: 'brisk',
      epicMicroUsd: 5_000_000,
    },
  });
  const rows: IssueWorld['rows'] = async (text, ...values) => (await pools.writes.query({ text, values })).rows;
  return {
    database,
    github,
    controls,
    projectId,
    async hint({ number, commentId }) {
      const subject =
        commentId === undefined
          ? { kind: 'issue', number }
          : { kind: 'comment', id: commentId, number, isPullRequest: false };
      const hint = { event: commentId === undefined ? 'issues' : 'issue_comment', subject };
      await rows(
        `INSERT INTO webhook_delivery (delivery_id, event, hint, project_id) VALUES ($1, $2, $3, $4)`,
        uuidv7(),
        hint.event,
        JSON.stringify(hint),
        projectId,
      );
    },
    applyHints: () => new MockActivityEnvironment().run(activities.applyHints, { projectId }),
    reconcile: () => new MockActivityEnvironment().run(activities.reconcileForge, { projectId }),
    openIssue: ({ title = 'Sell socks', body = 'In two colours.', by = 'rita', labels = ['millwright'] } = {}) =>
      github.people.openIssue({ repository: REPO, title, body, by, labels }),
    comment: (number, body, by = 'rita') => github.people.comment({ repository: REPO, number, body, by }),
    epics: () => rows('SELECT title, description, approval, paused_by, state, created_by FROM epic ORDER BY id'),
    rows,
    ours: () =>
      Object.fromEntries(
        github.state.comments
          .filter(({ login }) => login === 'millwright[bot]')
          .map(({ body }) => {
            const [, text = '', marker = ''] = /^([\s\S]*)\n\n<!-- millwright:(\w+) -->$/.exec(body) ?? [];
            return [marker, text];
          }),
      ),
    async close() {
      await access.revokeAll();
      await github.close();
      await database.drop();
      rmSync(home.path, { recursive: true, force: true });
    },
  };
}
