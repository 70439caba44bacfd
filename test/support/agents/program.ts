import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createCommandAgentActivities } from '../../../activities/agents/command/command-agent.activities.js';
import type { ProgramModelDeps } from '../../../activities/agents/front/program-model.js';
import { createBrokerFetch } from '../../../activities/sandbox/broker.js';
import { type Tree, type TreeRecord, treeAt } from '../../../infra/git/tree-record.js';
import type { ProgramOutcome, RunProgramInput } from '../../../workflows/contract/activities/agents.js';
import { makeFence } from '../../../workflows/contract/fence.js';
import { giveAway, type SandboxHome, serviceUser } from '../sandbox/home.js';
import type { AgentRig, RunHandle, RunOptions } from './rig.js';

export interface StartedProgram {
  readonly run: RunHandle;
  readonly tree: Tree;
  program(more?: Partial<RunProgramInput>): Promise<ProgramOutcome>;
}

export interface ProgramOptions {
  /** What `sh -c` runs. */
  readonly script: string;
  readonly run?: RunOptions;
  /** Full name of the one that it may ask. */
  readonly model?: string;
  readonly network?: 'none' | 'host';
  readonly models?: Partial<ProgramModelDeps>;
}

let seq = 0;

/** A run of an agent whose program is this shell script. */
export const startProgram = async (
  { rig, home }: { readonly rig: AgentRig; readonly home: SandboxHome },
  options: ProgramOptions,
): Promise<StartedProgram> => {
  const run = await rig.newRun(options.run);
  const settings = { argv: ['/bin/sh', '-c', options.script], readOnly: [], network: options.network ?? 'none' };
  await rig.sql(
    `UPDATE agent SET backend = 'command', settings = $1, model = $2 WHERE id = (SELECT agent_id FROM run WHERE id = $3)`,
    JSON.stringify(settings),
    options.model ?? null,
    run.runId,
  );
  const tree = treeAt(home.directory, `tree-of-${run.runId}`);
  await mkdir(tree.source, { recursive: true });
  await giveAway(tree.source);
  const ownerId = run.taskId ?? run.runId;
  const record = { projectId: rig.projectId, ownerId, mode: 'write', ready: true, excluded: [] };
  const { runProgram } = createCommandAgentActivities({
    pools: rig.pools,
    blobs: rig.blobs,
    sandbox: home.sandbox,
    directory: join(home.directory, 'exchange'),
    user: serviceUser,
    refreshSetup: async () => undefined,
    // The process that made the record plays no part here.
    trees: { open: async () => ({ tree, record: record as unknown as TreeRecord }) },
    models: {
      pools: rig.pools,
      prices: {},
      fetch: createBrokerFetch({ apiKey: undefined, baseUrl: 'http://vendor.invalid' }),
      ...options.models,
    },
  });
  return {
    run,
    tree,
    program: (more) => {
      seq += 1;
      const input = {
        runId: run.runId,
        turn: 0,
        fence: makeFence(1000, seq),
        treeId: tree.treeId,
        timeoutMs: 120_000,
        context: {},
        mailIds: [],
        ...more,
      };
      return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(runProgram, input);
    },
  };
};
