import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { v7 as uuidv7 } from 'uuid';
import { seedProject, seedTask } from '../test/support/api/seed.js';
import { until } from '../test/support/until.js';
import { type AgentRunWorkflow, runStatusQuery } from '../workflows/contract/agent-run.js';
import { runWorkflowId } from '../workflows/contract/ids.js';
import { holdSignal } from '../workflows/contract/messages.js';
import { SEARCH_ATTRIBUTE } from '../workflows/contract/search-attributes.js';
import { QUEUE } from '../workflows/contract/task-queues.js';
import type { Bench } from './comparison.js';
import { UNLIMITED } from './support/factory/epics.js';
import { HOST_QUEUE } from './support/factory/fake-forge.js';
import { FactoryRig } from './support/factory/rig.js';
import { FOLLOWED } from './support/factory/scripted-agent.js';
import { inTurns, lengthOf, series, timeMs } from './support/rounds.js';

const STEPS = 1_000;

type Run = WorkflowHandle<AgentRunWorkflow>;

/** M12: a run of a thousand steps goes on in a fresh worker after kill -9 of the last, against a run of one step. */
export const coldResume: Bench = {
  redWhen: 'keeps one history for a whole run, or texts in it, or reads a transcript text by text',
  run: async (options) => {
    const rig = await FactoryRig.start({ atOnce: 1, turns: Number.MAX_SAFE_INTEGER });
    try {
      const short = await startHeld(rig, 'short', 1);
      const long = await startHeld(rig, 'long', STEPS);
      const measured = await inTurns(
        {
          short: async () => ({ ms: await resumeMs(rig, short, 'short') }),
          long: async () => ({ ms: await resumeMs(rig, long, 'long') }),
        },
        lengthOf(options, 9),
      );
      return {
        title: 'from the word to go on until the model is asked, by a worker that knows nothing of the run',
        subject: 'embedded Temporal server with its file, PostgreSQL, scripted model; the worker killed before each',
        rows: [
          {
            name: `after ${STEPS.toLocaleString('en')} steps against after one`,
            unit: 'ms',
            baseline: series(measured, 'short', 'ms'),
            ours: series(measured, 'long', 'ms'),
            gate: { wants: 'atMost', target: 2, floor: 10 },
          },
        ],
      };
    } finally {
      await rig.stop();
    }
  },
};

/** A run whose parent is nobody: what it tells is heard by none. */
const startRun = async ({ client, database }: FactoryRig, name: string): Promise<Run> => {
  const projectId = await seedProject(database, UNLIMITED);
  const taskId = await seedTask(database, projectId, { title: `${FOLLOWED}${name}` });
  const runId = uuidv7();
  return client.workflow.start<AgentRunWorkflow>('agentRun', {
    workflowId: runWorkflowId(runId),
    taskQueue: QUEUE.shared,
    typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH_ATTRIBUTE.project, value: projectId }]),
    args: [
      {
        runId,
        projectId,
        taskId,
        kind: 'execution',
        agentName: 'anthropic-worker',
        attempt: 1,
        round: 1,
        parentWorkflowId: `nobody/${name}`,
        host: { hostQueue: HOST_QUEUE, treeId: taskId },
        context: {},
        tuning: 'normal',
      },
    ],
  });
};

/** Lets it work and holds it after so many steps; it takes a few more until it hears of that. */
const startHeld = async (rig: FactoryRig, name: string, steps: number): Promise<Run> => {
  const asked = rig.asked(name, steps);
  const run = await startRun(rig, name);
  await asked;
  await hold(run);
  return run;
};

/** Resolves where nothing is in flight. */
const hold = async (run: Run): Promise<void> => {
  await run.signal(holdSignal, { by: 'parent', on: true });
  await until(async () => {
    const { pausedBy } = await run.query(runStatusQuery);
    const { raw } = await run.describe();
    return pausedBy.length > 0 && (raw.pendingActivities ?? []).length === 0;
  });
};

const resumeMs = async (rig: FactoryRig, run: Run, name: string): Promise<number> => {
  await rig.killWorker();
  await rig.startWorker();
  // Pollers, pools and bundle are awake; what is measured is the run.
  await rig.client.workflow.execute('noop', { taskQueue: QUEUE.shared, workflowId: `noop/${randomUUID()}` });
  const tookMs = await timeMs(async () => {
    const asked = rig.asked(name);
    await run.signal(holdSignal, { by: 'parent', on: false });
    await asked;
  });
  await hold(run);
  return tookMs;
};
