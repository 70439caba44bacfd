import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import type { WorkflowHandleWithStartDetails } from '@temporalio/client';
import type { AgentRunInput, AgentRunWorkflow } from '../../../workflows/contract/agent-run.js';
import { runWorkflowId } from '../../../workflows/contract/ids.js';
import { QUEUE } from '../../../workflows/contract/task-queues.js';
import { heardQuery } from './listener.workflow.js';
import { Rig } from './rig.js';
import { type RunWorld, RunWorlds } from './run-world.js';

export interface StartedRun {
  readonly run: WorkflowHandleWithStartDetails<AgentRunWorkflow>;
  readonly world: RunWorld;
  /** States that its parent heard of. */
  readonly heard: () => Promise<readonly string[]>;
}

/** The server, the workers and the parents of the runs of one suite. */
export class RunSuite {
  private readonly worlds = new RunWorlds();
  private started: Rig | undefined;

  /** Call at the top of a test file. */
  static use(): RunSuite {
    const suite = new RunSuite();
    beforeAll(async () => {
      suite.started = await Rig.start('./agent-run.bundle.ts', suite.worlds.activities, ['host-a', 'host-b']);
    });
    afterAll(() => suite.rig.stop());
    return suite;
  }

  get rig(): Rig {
    if (!this.started) throw new Error('the suite has not started');
    return this.started;
  }

  get client() {
    return this.rig.env.client;
  }

  readonly start = async (world: RunWorld, input: Partial<AgentRunInput> = {}): Promise<StartedRun> => {
    const runId = randomUUID();
    this.worlds.add(runId, world);
    const parentId = `parent/${runId}`;
    const parent = await this.client.workflow.start('listener', { workflowId: parentId, taskQueue: QUEUE.shared });
    const start: AgentRunInput = {
      runId,
      projectId: 'project-1',
      kind: 'execution',
      agentName: 'worker',
      attempt: 1,
      round: 1,
      parentWorkflowId: parentId,
      host: { hostQueue: 'host-a', treeId: 'tree-1' },
      rebuild: { ownerId: runId, branch: 'main', at: 'base', mode: 'write' },
      context: {},
      tuning: 'brisk',
      ...input,
    };
    const run = await this.client.workflow.start<AgentRunWorkflow>('agentRun', {
      workflowId: runWorkflowId(runId),
      taskQueue: QUEUE.shared,
      args: [start],
    });
    return { run, world, heard: async () => (await parent.query(heardQuery)).runs.map(({ state }) => state) };
  };
}
