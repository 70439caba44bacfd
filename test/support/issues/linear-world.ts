import { rmSync } from 'node:fs';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createForgeWatchActivities } from '../../../activities/forge/watch/watch.activities.js';
import { effectiveConfig } from '../../../domain/project-config/effective.js';
import type { EpicsConfig } from '../../../domain/project-config/types.js';
import type { LinearCredentials } from '../../../infra/config/linear.js';
import { limitedClient } from '../../../infra/forge/linear/client.js';
import { LinearIssues } from '../../../infra/forge/linear/linear-issues.js';
import { LinearTeams } from '../../../infra/forge/linear/teams.js';
import { LocalForge } from '../../../infra/forge/local/local-forge.js';
import { ProjectTrackers } from '../../../infra/forge/trackers.js';
import { ProjectRepositories } from '../../../infra/git/mirrors.js';
import type { ForgeLook } from '../../../workflows/contract/activities/forge-watch.js';
import { temporaryHome, testGit } from '../git/repositories.js';
import type { CommentRecord, UserRecord } from '../linear/records.js';
import { type Linear, startLinear } from '../linear/start.js';
import { createTestDatabase, type TestDatabase } from '../postgres.js';
import { insertProject } from '../rows.js';
import { FakeControls } from './fake-controls.js';

type Rows = readonly Readonly<Record<string, unknown>>[];

/** A project of the local forge that takes issues of a team of Linear, with nobody's workers. */
export interface LinearIssueWorld {
  readonly database: TestDatabase;
  readonly linear: Linear;
  readonly controls: FakeControls;
  readonly projectId: string;
  readonly tracker: LinearIssues;
  /** As the factory does after a delivery. */
  applyHints(): Promise<ForgeLook>;
  /** As the factory does each minute, deliveries or not. */
  reconcile(projectId?: string): Promise<ForgeLook>;
  hint(subject: object): Promise<void>;
  epics(): Promise<Rows>;
  rows(text: string, ...values: readonly unknown[]): Promise<Rows>;
  /** Bodies of our comments, the oldest first. */
  ours(): readonly string[];
  close(): Promise<void>;
}

type People = Readonly<Record<'app' | 'rita', UserRecord>>;

const IDENTITIES = {
  app: (linear: Linear, { app }: People): LinearCredentials => ({
    kind: 'token',
    secret: linear.key(app, 'lin_oauth_millwright'),
  }),
  key: (linear: Linear, { rita }: People): LinearCredentials => ({ kind: 'key', secret: linear.key(rita) }),
  client: (linear: Linear, { app }: People): LinearCredentials => {
    linear.oauth.register(app, 'mill', 'hush');
    return { kind: 'app', clientId: 'mill', clientSecret: 'hush' };
  },
};

/** `app`: an OAuth application acts; `key`: a member whose key is used; `client`: the application fetches its tokens. */
export async function linearIssueWorld({
  identity = 'app',
  epics = {},
}: {
  readonly identity?: keyof typeof IDENTITIES;
  readonly epics?: Partial<EpicsConfig>;
} = {}): Promise<LinearIssueWorld> {
  const database = await createTestDatabase();
  const home = temporaryHome();
  const linear = await startLinear();
  linear.world.addTeam('OPS');
  const rita = linear.world.addUser('rita', { teams: ['ENG'] });
  linear.world.addUser('anna', { admin: true });
  linear.world.addUser('otto', { teams: ['OPS'] });
  linear.world.addUser('gus', { teams: ['ENG'], guest: true });
  const app = linear.world.addUser('millwright', { app: true, teams: ['ENG'] });
  const credentials = IDENTITIES[identity](linear, { app, rita });
  const { pools } = database;
  const { writes } = pools;
  const projectId = await insertProject(writes);
  const config = effectiveConfig({ version: 1, checks: [{ name: 'test', run: 'true' }], epics }, {});
  await writes.query({
    text: `UPDATE project SET config = $2, state = 'ready', base_branch = NULL, linear_team_key = 'ENG', linear_since = now() WHERE id = $1`,
    values: [projectId, JSON.stringify(config)],
  });
  const client = limitedClient({ apiUrl: linear.url, identity: credentials }, pools);
  const tracker = new LinearIssues(client, new LinearTeams(pools, client));
  const trackers = new ProjectTrackers(writes, { linear: tracker });
  const controls = new FakeControls(writes);
  const repositories = new ProjectRepositories(testGit(), home.path);
  const activities = createForgeWatchActivities({
    pools,
    forge: new LocalForge({ pools, repositories }),
    mirrors: repositories,
    issues: {
      trackersOf: (id) => trackers.of(id),
      controls,
      tuning: 'brisk',
      epicMicroUsd: 5_000_000,
      epicUrl: (id) => `https://mill.example/api/v1/epics/${id}`,
    },
  });
  const rows: LinearIssueWorld['rows'] = async (text, ...values) => (await writes.query<never>({ text, values })).rows;
  const ourId = identity === 'key' ? rita.id : app.id;
  const isOurs = ({ by }: CommentRecord): boolean => by.userId === ourId;
  return {
    database,
    linear,
    controls,
    projectId,
    tracker,
    applyHints: () => new MockActivityEnvironment().run(activities.applyHints, { projectId }),
    reconcile: (id = projectId) => new MockActivityEnvironment().run(activities.reconcileForge, { projectId: id }),
    async hint(subject) {
      await rows(
        `INSERT INTO webhook_delivery (delivery_id, event, hint, project_id) VALUES (gen_random_uuid(), 'Issue', $1, $2)`,
        JSON.stringify({ event: 'Issue', subject }),
        projectId,
      );
    },
    epics: () => rows('SELECT title, description, approval, paused_by, state, created_by FROM epic ORDER BY id'),
    rows,
    ours: () => [...linear.world.comments.values()].filter(isOurs).map(({ body }) => body),
    async close() {
      await linear.close();
      await database.drop();
      rmSync(home.path, { recursive: true, force: true });
    },
  };
}
