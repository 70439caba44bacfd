import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { v7 as uuid } from 'uuid';
import { createAnthropicModel } from '../../../activities/agents/anthropic/anthropic.js';
import { createModelActivities } from '../../../activities/agents/model.activities.js';
import type { ModelPort } from '../../../activities/agents/model-port.js';
import { createSealActivities } from '../../../activities/agents/seal.activities.js';
import { createStoreToolActivities } from '../../../activities/agents/tools/store-tool.activities.js';
import { createBrokerFetch } from '../../../activities/sandbox/broker.js';
import type { BudgetLimits } from '../../../domain/budget.js';
import { Failure } from '../../../domain/failures.js';
import { type BlobStore, createBlobStore } from '../../../infra/artifacts.js';
import type { Pools } from '../../../infra/pg/pools.js';
import type { ModelStep, SealTurnOutcome, ToolOutcome } from '../../../workflows/contract/activities/agents.js';
import { makeFence } from '../../../workflows/contract/fence.js';
import type { Rule, Scenario } from '../model-server/scenario.js';
import { type ModelServer, startModelServer } from '../model-server/server.js';
import { createTestDatabase, type TestDatabase } from '../postgres.js';

/** Failures are expected here; the default logger would warn of each. */
const activityEnvironment = (attempt = 1): MockActivityEnvironment =>
  new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') });

export interface RunOptions {
  readonly kind?: 'planning' | 'supervision' | 'execution' | 'debug' | 'integration';
  readonly prompt?: string;
  readonly config?: object;
}

/** Database, blob store, scripted server and the activities of an agent, all real; one per suite. */
export class AgentRig {
  readonly projectId = uuid();
  readonly epicId = uuid();
  readonly workerId = uuid();
  readonly supervisorId = uuid();
  #server: ModelServer | undefined;
  #failures = 0;
  #meanwhile: (() => Promise<unknown>) | undefined;
  readonly #servers: ModelServer[] = [];

  private constructor(
    private readonly database: TestDatabase,
    private readonly folder: string,
    readonly blobs: BlobStore,
  ) {}

  static async create(given?: TestDatabase): Promise<AgentRig> {
    const database = given ?? (await createTestDatabase());
    const folder = await mkdtemp(join(tmpdir(), 'agent-rig-'));
    const rig = new AgentRig(database, folder, createBlobStore(database.pools.writes, folder));
    await rig.#seed();
    return rig;
  }

  get pools(): Pools {
    return this.database.pools;
  }

  /** The next texts that are stored meet a database that is away. */
  failNextWrites(times: number): void {
    this.#failures = times;
  }

  /** Happens before the next text is read: after a call has looked for a kept reply, and before it is claimed. */
  beforeNextRead(meanwhile: () => Promise<unknown>): void {
    this.#meanwhile = meanwhile;
  }

  /** The blob store, as its users see it during an outage. */
  get failingBlobs(): BlobStore {
    return {
      get: async (ref) => {
        const meanwhile = this.#meanwhile;
        this.#meanwhile = undefined;
        await meanwhile?.();
        return this.blobs.get(ref);
      },
      put: async (text, through) => {
        if (this.#failures-- > 0) throw new Failure('Unavailable', 'The database is away.');
        return this.blobs.put(text, through);
      },
    };
  }

  get server(): ModelServer {
    if (!this.#server) throw new Error('call script() first');
    return this.#server;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
    await this.database.drop();
    await rm(this.folder, { recursive: true });
  }

  /** Starts a server for these rules; answers the model that speaks to it. */
  async script(rules: readonly Rule[], more: Partial<Scenario> = {}): Promise<ModelPort> {
    this.#server = await startModelServer({ scenario: { version: 1, rules, ...more } });
    this.#servers.push(this.#server);
    return createAnthropicModel({ fetch: createBrokerFetch({ apiKey: 'k', baseUrl: this.#server.url }) });
  }

  async sql<Row extends object>(text: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    return (await this.pools.writes.query<Row>({ text, values })).rows;
  }

  async newTask(title = 'Add a parser'): Promise<string> {
    const id = uuid();
    await this.sql(
      `INSERT INTO task (id, epic_id, project_id, title, branch, created_by) VALUES ($1, $2, $3, $4, 'b', 'ada')`,
      id,
      this.epicId,
      this.projectId,
      title,
    );
    return id;
  }

  /** A run of the worker on a fresh task, or of the supervisor on the epic. */
  async newRun({ kind = 'execution', prompt = 'Role: worker\n\nDo it.' }: RunOptions = {}): Promise<RunHandle> {
    const runId = uuid();
    const isWorker = kind !== 'planning' && kind !== 'supervision';
    const taskId = isWorker ? await this.newTask() : null;
    await this.sql(
      `INSERT INTO run (id, agent_id, project_id, task_id, epic_id, kind, prompt_ref, model)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 'claude-sonnet-5-5')`,
      runId,
      isWorker ? this.workerId : this.supervisorId,
      this.projectId,
      taskId,
      this.epicId,
      kind,
      await this.blobs.put(prompt),
    );
    return new RunHandle(this, runId, taskId);
  }

  async #seed(): Promise<void> {
    await this.sql(
      `INSERT INTO project (id, name, forge, source, remote, state, created_by) VALUES ($1, 'demo', 'local', '/s', '/s', 'ready', 'ada')`,
      this.projectId,
    );
    await this.sql(
      `INSERT INTO agent (id, name, role, backend, permission_mode, origin) VALUES
         ($1, 'anthropic-worker', 'worker', 'anthropic', 'yolo', 'default'),
         ($2, 'anthropic-supervisor', 'supervisor', 'anthropic', 'relaxed', 'default')`,
      this.workerId,
      this.supervisorId,
    );
    await this.sql(
      `INSERT INTO epic (id, project_id, title, approval, merge_target, land, overlap, planner, branch, created_by)
       VALUES ($1, $2, 'Parse things', 'none', 'epic', 'person', 'allow', 'model', 'e', 'ada')`,
      this.epicId,
      this.projectId,
    );
  }
}

/** The calls that a workflow would make for one run. */
export class RunHandle {
  #seq = 0;

  constructor(
    private readonly rig: AgentRig,
    readonly runId: string,
    readonly taskId: string | null,
  ) {}

  #step(turn: number) {
    this.#seq += 1;
    return { runId: this.runId, turn, fence: makeFence(1_000, this.#seq) };
  }

  callModel(
    model: ModelPort,
    turn: number,
    more: {
      mailIds?: string[];
      notes?: string[];
      budgetGrants?: number;
      attempt?: number;
      runLimits?: BudgetLimits;
    } = {},
  ): Promise<ModelStep> {
    const { attempt = 1, runLimits, ...rest } = more;
    const { callModel } = createModelActivities({
      ...(runLimits === undefined ? {} : { runLimits }),
      pools: this.rig.pools,
      blobs: this.rig.failingBlobs,
      model,
      defaultModel: 'claude-sonnet-5-5',
    });
    const input = { ...this.#step(turn), mailIds: [], notes: [], budgetGrants: 0, ...rest };
    return activityEnvironment(attempt).run(callModel, input);
  }

  runStoreTool(turn: number, callId: string, attempt = 1): Promise<ToolOutcome> {
    const { runStoreTool } = createStoreToolActivities({ pools: this.rig.pools, blobs: this.rig.blobs });
    return activityEnvironment(attempt).run(runStoreTool, { ...this.#step(turn), callId });
  }

  seal(turn: number, callIds: readonly string[] = [], checkpoint?: string): Promise<SealTurnOutcome> {
    const { sealTurn } = createSealActivities({
      pools: this.rig.pools,
      blobs: this.rig.blobs,
      keepCheckpoint: async () => (checkpoint === undefined ? {} : { checkpointSha: checkpoint }),
    });
    const tree = checkpoint === undefined ? {} : { treeId: 'tree-1' };
    const input = { ...this.#step(turn), projectId: this.rig.projectId, callIds, lost: false, ...tree };
    return activityEnvironment().run(sealTurn, input);
  }

  /** A whole turn: model call, its store tools, seal. */
  async turn(model: ModelPort, turn: number, more: Parameters<RunHandle['callModel']>[2] = {}) {
    const step = await this.callModel(model, turn, more);
    const calls = step.kind === 'calls' ? step.calls : [];
    const outcomes: ToolOutcome[] = [];
    for (const call of calls) if (call.where === 'store') outcomes.push(await this.runStoreTool(turn, call.callId));
    const sealed = await this.seal(
      turn,
      calls.map(({ callId }) => callId),
    );
    return { step, outcomes, sealed };
  }
}
