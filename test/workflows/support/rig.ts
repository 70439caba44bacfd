import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  type ActivityInterceptorsFactory,
  bundleWorkflowCode,
  DefaultLogger,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { SEARCH_ATTRIBUTE } from '../../../workflows/contract/search-attributes.js';
import { QUEUE } from '../../../workflows/contract/task-queues.js';
import { createTestTemporal } from '../../support/temporal.js';
import { isJittery, lateActivities } from './jitter.js';

/** Stubs answer as late as the machine lets them: none is given up for dead meanwhile. */
const steadyHeartbeat: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    execute: async (input, next) => {
      const beat = setInterval(() => context.heartbeat(), 250);
      try {
        return await next(input);
      } finally {
        clearInterval(beat);
      }
    },
  },
});

/** A server, and workers on the fixed queues that can be stopped and started again. Stubs tell tests apart by ids. */
export class Rig {
  private workers: { worker: Worker; run: Promise<void> }[] = [];

  private constructor(
    readonly env: TestWorkflowEnvironment,
    private readonly workflowBundle: WorkflowBundleWithSourceMap,
    private readonly activities: object,
    private readonly hostQueues: readonly string[],
  ) {}

  /** @param bundle module beside this one that exports the workflows */
  static async start(bundle: string, activities: object, hostQueues: readonly string[]): Promise<Rig> {
    const env = await createTestTemporal({ searchAttributes: Object.values(SEARCH_ATTRIBUTE) });
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL(bundle, import.meta.url)),
      logger: new DefaultLogger('ERROR'),
      workflowInterceptorModules: [
        fileURLToPath(new URL('../../../workflows/support/odd-signals.ts', import.meta.url)),
        ...(isJittery ? [fileURLToPath(new URL('./jitter.workflow.ts', import.meta.url))] : []),
      ],
    });
    const rig = new Rig(env, workflowBundle, activities, hostQueues);
    await rig.startWorkers();
    return rig;
  }

  async startWorkers(): Promise<void> {
    const { env, activities } = this;
    const common = {
      connection: env.nativeConnection,
      activities,
      maxHeartbeatThrottleInterval: 100,
      interceptors: { activity: [steadyHeartbeat, ...(isJittery ? [lateActivities] : [])] },
    };
    const made = await Promise.all([
      Worker.create({
        ...common,
        taskQueue: QUEUE.shared,
        workflowBundle: this.workflowBundle,
        // Tests restart workers: what the stopped one had in its cache is not waited for.
        stickyQueueScheduleToStartTimeout: '200 milliseconds',
      }),
      Worker.create({ ...common, taskQueue: QUEUE.model }),
      Worker.create({ ...common, taskQueue: QUEUE.checks }),
      ...this.hostQueues.map((taskQueue) => Worker.create({ ...common, taskQueue })),
    ]);
    this.workers = made.map((worker) => ({ worker, run: worker.run() }));
  }

  async stopWorkers(): Promise<void> {
    for (const { worker } of this.workers) worker.shutdown();
    await Promise.all(this.workers.map(({ run }) => run));
    this.workers = [];
  }

  async stop(): Promise<void> {
    await this.stopWorkers();
    await this.env.teardown();
  }
}
