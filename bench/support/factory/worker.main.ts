// The worker of a factory rig, in a process that can be killed: worker.main.js <temporal address> <database url> <directory>
// <turns of a run>. Its parent hears when it is ready, and of every call of a run that is followed.
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createModelActivities } from '../../../activities/agents/model.activities.js';
import { createPromptComposer } from '../../../activities/agents/prompts/compose.js';
import { createSealActivities } from '../../../activities/agents/seal.activities.js';
import { createStoreToolActivities } from '../../../activities/agents/tools/store-tool.activities.js';
import { createEngineActivities } from '../../../activities/engine/engine.activities.js';
import { createMailActivities } from '../../../activities/mail/mail.activities.js';
import { createFleetActivities } from '../../../activities/store/fleet.activities.js';
import { createEvidenceActivities, createQueueStoreActivities } from '../../../activities/store/queue.activities.js';
import { createStoreActivities } from '../../../activities/store/store.activities.js';
import { createBlobStore } from '../../../infra/artifacts.js';
import { loadConfig } from '../../../infra/config.js';
import { createPools } from '../../../infra/pg/pools.js';
import { quietRuntime } from '../../../test/support/temporal.js';
import { failureInterceptor } from '../../../workers/failure-interceptor.js';
import { QUEUE } from '../../../workflows/contract/task-queues.js';
import { fakeForge, HOST_QUEUE, shaOf } from './fake-forge.js';
import { createPlainActivities } from './plain-activities.js';
import { ScriptedAgent } from './scripted-agent.js';

const [address = '', databaseUrl = '', directory = '', turns = '2'] = process.argv.slice(2);
const pools = createPools({ databaseUrl, applicationName: 'bench-worker' });
const blobs = createBlobStore(pools.writes, join(directory, 'artifacts'));
const forge = fakeForge();
const agent = new ScriptedAgent(Number(turns), (call) => process.send?.(call));
const model = loadConfig().models.roles.worker.model;
const seal = createSealActivities({
  pools,
  blobs,
  keepCheckpoint: async ({ taskId, turn }) => ({ checkpointSha: shaOf(`${taskId} ${turn}`) }),
});
const shared = {
  ...createStoreActivities({
    pools,
    blobs,
    runDeadlineMs: 24 * 60 * 60_000,
    modelOf: () => model,
    composePrompt: createPromptComposer({ db: pools.writes, blobs }),
  }),
  ...createQueueStoreActivities({ pools }),
  ...createEvidenceActivities({ pools }),
  ...createFleetActivities({ pools }),
  ...createMailActivities({ pools }),
  ...createEngineActivities(),
  ...createStoreToolActivities({ pools, blobs }),
  ...seal,
  ...forge,
  ...createPlainActivities(pools.writes),
};

quietRuntime();
const connection = await NativeConnection.connect({ address });
const workflowBundle = await bundleWorkflowCode({
  workflowsPath: join(import.meta.dirname, 'factory.bundle.js'),
  workflowInterceptorModules: [join(import.meta.dirname, '../../../workflows/support/odd-signals.js')],
  logger: new DefaultLogger('ERROR'),
});
const common: Partial<WorkerOptions> = { connection, interceptors: { activity: [failureInterceptor] } };
/** The queues and the limits of `workers/main.ts`, but for its pace of model calls. */
const options: readonly WorkerOptions[] = [
  {
    ...common,
    workflowBundle,
    taskQueue: QUEUE.shared,
    activities: shared,
    maxCachedWorkflows: 1_000,
    maxConcurrentActivityTaskExecutions: 50,
    // What a killed worker remembered is not waited for: that time is the same for every history.
    stickyQueueScheduleToStartTimeout: '200 milliseconds',
  },
  {
    ...common,
    taskQueue: QUEUE.model,
    activities: createModelActivities({ pools, blobs, model: agent, defaultModel: model }),
    maxConcurrentActivityTaskExecutions: 20,
  },
  { ...common, taskQueue: QUEUE.checks, activities: forge },
  { ...common, taskQueue: HOST_QUEUE, activities: { ...forge, ...seal, ...agent.tools } },
];
const workers = await Promise.all(options.map((one) => Worker.create(one)));
const runs = workers.map((worker) => worker.run());
process.send?.({ ready: true });
// It ends with its parent, in order: a rig that stops waits for it.
process.on('disconnect', () => {
  for (const worker of workers) worker.shutdown();
  void Promise.allSettled(runs).then(() => process.exit(0));
});
