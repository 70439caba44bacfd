import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { SetupInput, SetupOutputs, TreeDeps, TreeSetup } from '../../../activities/git/ports.js';
import { createRepositoryActivities } from '../../../activities/git/repository.activities.js';
import { createTreeActivities } from '../../../activities/git/tree.activities.js';
import { LocalForge } from '../../../infra/forge/local/local-forge.js';
import { ProjectRepositories } from '../../../infra/git/mirrors.js';
import { readTip } from '../../../infra/git/remote-refs.js';
import { Trees } from '../../../infra/git/trees.js';
import type { WorkflowStatus } from '../../../workflows/contract/activities/engine.js';
import type { TestDatabase } from '../postgres.js';
import { insertProject } from '../rows.js';
import { type SourceRepository, sourceRepository, temporaryHome, testGit } from './repositories.js';

/** A repository's `setup` that keeps count, so that a test sees when it ran. */
export class CountingSetup implements TreeSetup {
  wanted: SetupOutputs | undefined;
  readonly installed: string[] = [];
  fail: (() => void) | undefined;
  constructor(private readonly make: (tree: string) => void = () => undefined) {}
  describe(): Promise<SetupOutputs | undefined> {
    return Promise.resolve(this.wanted);
  }
  async install({ tree }: SetupInput): Promise<void> {
    this.installed.push(tree);
    this.make(tree);
    this.fail?.();
  }
}

/** Everything git activities need, real but for the engine and the repository's setup. */
export async function activityWorld(database: TestDatabase, setup = new CountingSetup()) {
  const home = temporaryHome();
  const outside = temporaryHome();
  const git = testGit();
  const source: SourceRepository = sourceRepository(join(outside.path, 'source'));
  const forge = new LocalForge({
    pools: database.pools,
    repositories: new ProjectRepositories(git, join(home.path, 'forge')),
  });
  const closed = new Map<string, WorkflowStatus['state']>();
  const deps = {
    pools: database.pools,
    forge,
    mirrors: new ProjectRepositories(git, join(home.path, 'mirrors')),
    trees: new Trees({ git, root: join(home.path, 'trees') }),
    setup,
    engine: {
      describeWorkflows: async ({ workflowIds }: { readonly workflowIds: readonly string[] }) =>
        workflowIds.map((workflowId) => ({ workflowId, state: closed.get(workflowId) ?? ('open' as const) })),
    },
    cleaners: [],
    sandbox: { endSessions: async () => undefined },
    dataDirectory: home.path,
    tuning: 'brisk' as const,
  } satisfies TreeDeps & { dataDirectory: string; tuning: 'brisk' };
  const projectId = await insertProject(database.pools.writes);
  await database.pools.writes.query({
    text: 'UPDATE project SET source = $2, base_branch = NULL WHERE id = $1',
    values: [projectId, source.dir],
  });
  return {
    source,
    deps,
    forge,
    projectId,
    closed,
    trees: createTreeActivities(deps),
    repository: createRepositoryActivities(deps),
    tip: async (branch: string) => readTip(await deps.mirrors.ensure(projectId), await forge.remote(projectId), branch),
    remove: async () => {
      await deps.trees.settle();
      home.remove();
      outside.remove();
    },
  };
}
export type ActivityWorld = Awaited<ReturnType<typeof activityWorld>>;

/** Runs an activity as its n-th attempt; all attempts share the time of scheduling, as in the engine. */
export const asAttempt = <I, O>(attempt: number, activity: (input: I) => Promise<O>, input: I): Promise<O> =>
  new MockActivityEnvironment(
    { attempt, scheduledTimestampMs: 1_800_000_000_000 },
    { logger: new DefaultLogger('ERROR') },
  ).run(activity, input);
