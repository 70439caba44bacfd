import { mkdir } from 'node:fs/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { v7 as uuidv7 } from 'uuid';
import { agentsToRegister, registerAgents } from '../../../activities/store/agent.repository.js';
import { loadConfig } from '../../../infra/config.js';
import { seedTask } from '../../../test/support/api/seed.js';
import type { TestDatabase } from '../../../test/support/postgres.js';
import { insertProject } from '../../../test/support/rows.js';
import { composeActivities } from '../../../workers/compose/activities.js';
import { openHost } from '../../../workers/compose/host.js';
import type { ModelActivities } from '../../../workflows/contract/activities/agents.js';
import type { RepositoryActivities, TreeActivities } from '../../../workflows/contract/activities/git.js';
import type { StoreActivities } from '../../../workflows/contract/activities/store.js';
import { makeFence } from '../../../workflows/contract/fence.js';
import { startDurablePostgres } from '../postgres.js';
import { type Scratch, scratchOnDisk } from '../scratch.js';

type Steps = Pick<StoreActivities, 'openTask' | 'saveTask' | 'openRun' | 'saveRun'> &
  Pick<RepositoryActivities, 'importSource' | 'inspectProject'> &
  Pick<TreeActivities, 'acquireTree' | 'releaseTree'> &
  ModelActivities;

const perform = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> =>
  new MockActivityEnvironment().run(activity, input);

/** The start of a task as one script would do it: the same effects in the same order, no engine between them. */
export class DirectStart {
  private constructor(
    private readonly steps: Steps,
    private readonly database: TestDatabase,
    private readonly projectId: string,
    private readonly scratch: Scratch,
    private readonly settle: () => Promise<void>,
  ) {}

  /** @param source the repository that the project is imported from */
  static async open(source: string): Promise<DirectStart> {
    const scratch = scratchOnDisk();
    const database = await startDurablePostgres();
    const config = loadConfig({ ...process.env, MILLWRIGHT_HOME: scratch.path });
    await mkdir(config.layout.artifacts, { recursive: true });
    const sets = composeActivities(config, database.pools, await openHost(config));
    await registerAgents(database.pools.writes, agentsToRegister(config.models, []));
    // The sets are typed as plain objects, because workers register them by name.
    const steps = { ...sets.shared, ...sets.model, ...sets.host } as unknown as Steps;
    const projectId = await insertProject(database.pools.writes);
    await database.pools.writes.query({
      text: 'UPDATE project SET source = $2, base_branch = NULL WHERE id = $1',
      values: [projectId, source],
    });
    const { tip, baseBranch } = await perform(steps.importSource, { projectId });
    await database.pools.writes.query({
      text: `UPDATE project SET base_branch = $2, state = 'ready' WHERE id = $1`,
      values: [projectId, baseBranch],
    });
    await perform(steps.inspectProject, { projectId, tip });
    return new DirectStart(steps, database, projectId, scratch, () => sets.settle());
  }

  /** Files a task; answers its id. */
  file(title: string): Promise<string> {
    return seedTask(this.database, this.projectId, { title, agent_name: 'anthropic-worker' });
  }

  /** Begins a task and answers when the model's first reply is kept and the tree given back. */
  async begin(taskId: string): Promise<void> {
    const { steps, projectId } = this;
    const runId = uuidv7();
    const key = { workflowId: `direct/${taskId}`, firstRunId: runId };
    await perform(steps.openTask, { taskId, attempt: 1 });
    const { treeId } = await perform(steps.acquireTree, {
      projectId,
      ownerId: taskId,
      taskId,
      branch: 'main',
      mode: 'write',
      fence: makeFence(1, 1),
    });
    await perform(steps.saveTask, { taskId, key, entries: [], patch: { state: 'IN_PROGRESS' } });
    await perform(steps.openRun, {
      runId,
      projectId,
      taskId,
      kind: 'execution',
      agentName: 'anthropic-worker',
      attempt: 1,
      round: 1,
      context: {},
      treeId,
    });
    await perform(steps.saveRun, { runId, key, entries: [], patch: { state: 'running' } });
    const turn = { runId, turn: 0, fence: makeFence(1, 2) };
    await perform(steps.callModel, { ...turn, mailIds: [], notes: [], budgetGrants: 0 });
    await perform(steps.releaseTree, { treeId, projectId, ownerId: taskId });
  }

  async close(): Promise<void> {
    await this.settle();
    await this.database.drop();
    this.scratch.remove();
  }
}
