import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { SEARCH_ATTRIBUTE } from '../../../workflows/contract/search-attributes.js';
import { QUEUE } from '../../../workflows/contract/task-queues.js';
import { createTestTemporal } from '../temporal.js';
import { TestApi } from './api.js';
import { seedProject } from './seed.js';
import type { Told } from './stub-workflows.js';

interface Started {
  readonly temporal: TestWorkflowEnvironment;
  readonly worker: Worker;
  readonly running: Promise<void>;
  readonly api: TestApi;
  readonly projectId: string;
}

/** The API of one suite over a real engine, whose workflows keep what they are told. */
export class EngineSuite {
  private started: Started | undefined;

  /** Call at the top of a test file. */
  static use(): EngineSuite {
    const suite = new EngineSuite();
    beforeAll(async () => {
      const temporal = await createTestTemporal({ searchAttributes: Object.values(SEARCH_ATTRIBUTE) });
      const worker = await Worker.create({
        connection: temporal.nativeConnection,
        taskQueue: QUEUE.shared,
        workflowsPath: join(import.meta.dirname, 'stub-workflows.ts'),
      });
      const running = worker.run();
      const api = await TestApi.start({ temporal: { address: temporal.address, namespace: 'default' } });
      suite.started = { temporal, worker, running, api, projectId: await seedProject(api.database) };
    });
    afterAll(async () => {
      if (suite.started === undefined) return;
      await suite.api.stop();
      await suite.stopWorker();
      await suite.started.temporal.teardown();
    });
    return suite;
  }

  private get parts(): Started {
    if (!this.started) throw new Error('the suite has not started');
    return this.started;
  }

  get api(): TestApi {
    return this.parts.api;
  }

  get database() {
    return this.api.database;
  }

  /** A project that takes work. */
  get projectId(): string {
    return this.parts.projectId;
  }

  readonly stopWorker = async (): Promise<void> => {
    const { worker, running } = this.parts;
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
  };

  /** Starts a workflow that answers the updates named in `refusals` with a refusal. */
  readonly start = (type: string, workflowId: string, refusals: readonly string[] = []) =>
    this.startWith(type, workflowId, { refusals });

  readonly startWith = (type: string, workflowId: string, input: object) =>
    this.parts.temporal.client.workflow.start(type, { workflowId, taskQueue: QUEUE.shared, args: [input] });

  readonly toldTo = (workflowId: string): Promise<readonly Told[]> =>
    this.parts.temporal.client.workflow.getHandle(workflowId).query<readonly Told[]>('told');

  /** What the decision log says that people did, newest first. */
  readonly humanActs = async (filter: string): Promise<readonly string[]> =>
    (await this.api.get(`/api/v1/decisions?kind=human&${filter}`)).body.items.map(
      (item: { decision: string }) => item.decision,
    );
}
