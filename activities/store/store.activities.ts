import { Failure } from '../../domain/failures.js';
import { caveatsOf } from '../../domain/project-config/caveats.js';
import { EPIC_MACHINE, isTerminal, RUN_MACHINE } from '../../domain/states.js';
import type { BlobStore } from '../../infra/artifacts.js';
import { appendEvent } from '../../infra/pg/events.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Tx } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { OpenRunInput, StoreActivities } from '../../workflows/contract/activities/store.js';
import { listUnanswered } from '../mail/mail.repository.js';
import { recordCrash, refusalOfFailed } from './agent-state.repository.js';
import { findEpicFacts, lockEpic, patchEpic } from './epic.repository.js';
import { addIntegrationTask } from './integration-task.repository.js';
import { storeEntries } from './lifecycle.js';
import { cancelDroppedTasks, findPlan, markPlanApplied, upsertPlannedTasks } from './plan.repository.js';
import { saveProject } from './project.repository.js';
import {
  type AgentRow,
  findAgent,
  findRun,
  insertRun,
  lockRun,
  patchRun,
  refreshAgentState,
} from './run.repository.js';
import { findTaskFacts, listEpicTasks, lockTask, patchTask } from './task.repository.js';
import { bookLostOfRun, refreshRunTotals } from './usage.repository.js';

export interface StoreDeps {
  readonly pools: Pools;
  readonly blobs: BlobStore;
  /** Wall time of a run, unless its agent's program has its own. */
  readonly runDeadlineMs: number;
  /** Model of an agent whose row names none, by role. */
  readonly modelOf: (agent: AgentRow) => string;
  /** The run's first prompt, made from the rows that the run is about. */
  readonly composePrompt: (input: OpenRunInput, agent: AgentRow) => Promise<string>;
}

const missing = (what: string, id: string): Failure => new Failure('NotFound', `There is no such ${what}.`, { id });

export const createStoreActivities = (deps: StoreDeps): StoreActivities => ({
  ...createEpicActivities(deps),
  ...createTaskActivities(deps),
  ...createRunActivities(deps),
  async saveProject(input) {
    await withTransaction(deps.pools.writes, async (tx) => {
      if (!(await saveProject(tx, input))) throw missing('project', input.projectId);
      const { projectId, state, reason } = input;
      await appendEvent(tx, { projectId, type: 'project.state', data: { to: state, reason } });
    });
  },
});

type EpicPart = Pick<StoreActivities, 'openEpic' | 'saveEpic' | 'applyPlan' | 'listEpicTasks' | 'addIntegrationTask'>;

const createEpicActivities = ({ pools }: StoreDeps): EpicPart => ({
  async openEpic({ epicId }) {
    // The write pool: what was committed before the start must be seen, even where reads go to a replica.
    const facts = await findEpicFacts(pools.writes, epicId);
    if (!facts) throw missing('epic', epicId);
    if (isTerminal(EPIC_MACHINE, facts.state)) return { kind: 'ended', state: facts.state };
    return { kind: 'open', facts: { ...facts, tasks: await listEpicTasks(pools.writes, epicId) } };
  },

  async saveEpic({ epicId, key, entries, patch }) {
    return withTransaction(pools.writes, async (tx) => {
      const row = await lockEpic(tx, epicId);
      if (!row) throw missing('epic', epicId);
      const added = await storeEntries(tx, key, entries, { projectId: row.projectId, epicId });
      // Nothing new: this attempt repeats one that committed.
      if (entries.length > 0 && added === 0) return { revision: row.revision };
      return { revision: await patchEpic(tx, epicId, patch) };
    });
  },

  async applyPlan({ epicId, planVersion }) {
    await withTransaction(pools.writes, (tx) => applyPlan(tx, epicId, planVersion));
    return { version: planVersion, tasks: await listEpicTasks(pools.writes, epicId) };
  },

  listEpicTasks: ({ epicId }) => listEpicTasks(pools.writes, epicId),

  async addIntegrationTask(input) {
    await withTransaction(pools.writes, (tx) => addIntegrationTask(tx, input));
    const made = (await listEpicTasks(pools.writes, input.epicId)).find(({ taskId }) => taskId === input.taskId);
    if (!made) throw missing('task', input.taskId);
    return made;
  },
});

async function applyPlan(tx: Tx, epicId: string, version: number): Promise<void> {
  await lockEpic(tx, epicId);
  const epic = await findEpicFacts(tx, epicId);
  const plan = await findPlan(tx, epicId, version);
  if (!epic || !plan) throw missing('plan', `${epicId} version ${version}`);
  const { projectId, createdBy, priority } = epic;
  await upsertPlannedTasks(tx, { epicId, projectId, createdBy, priority }, plan);
  for (const taskId of await cancelDroppedTasks(tx, epicId, plan)) {
    await appendEvent(tx, {
      projectId,
      epicId,
      taskId,
      type: 'task.state',
      data: { to: 'CANCELLED', reason: 'left the plan' },
    });
  }
  await markPlanApplied(tx, epicId, version, plan.design);
}

type TaskPart = Pick<StoreActivities, 'openTask' | 'saveTask'>;

const createTaskActivities = ({ pools }: StoreDeps): TaskPart => ({
  async openTask({ taskId, attempt }) {
    const facts = await findTaskFacts(pools.writes, taskId);
    if (!facts) throw missing('task', taskId);
    const isOver = ['COMPLETED', 'CANCELLED', 'SKIPPED', 'FAILED'].includes(facts.state);
    if (isOver || facts.attempts > attempt) return { kind: 'ended', state: facts.state };
    const agent = await findAgent(pools.writes, facts.agentName);
    if (!agent)
      throw new Failure('InvalidInput', `The task asks for an agent that is not registered: ${facts.agentName}.`);
    return { kind: 'open', facts: { ...facts, agentId: agent.id } };
  },

  async saveTask({ taskId, key, entries, patch }) {
    return withTransaction(pools.writes, async (tx) => {
      const row = await lockTask(tx, taskId);
      if (!row) throw missing('task', taskId);
      const added = await storeEntries(tx, key, entries, {
        projectId: row.projectId,
        ...(row.epicId === null ? {} : { epicId: row.epicId }),
        taskId,
      });
      if (entries.length > 0 && added === 0) return { revision: row.revision };
      return { revision: await patchTask(tx, taskId, patch) };
    });
  },
});

type RunPart = Pick<StoreActivities, 'openRun' | 'saveRun'>;

const createRunActivities = (deps: StoreDeps): RunPart => ({
  async openRun(input) {
    const { pools } = deps;
    const agent = await findAgent(pools.writes, input.agentName);
    if (!agent)
      throw new Failure('InvalidInput', `No agent is registered as ${input.agentName}.`, { agent: input.agentName });
    if (!(await findRun(pools.writes, input.runId))) {
      if (agent.state === 'FAILED')
        throw new Failure('PermissionDenied', refusalOfFailed(agent.name), { agent: agent.name });
      await createRun(deps, input, agent);
    }
    const row = await findRun(pools.writes, input.runId);
    if (!row) throw missing('run', input.runId);
    if (isTerminal(RUN_MACHINE, row.state)) return { kind: 'ended', state: row.state };
    return {
      kind: 'open',
      facts: {
        runId: row.id,
        agentId: agent.id,
        agentName: agent.name,
        backend: agent.backend,
        model: row.model ?? deps.modelOf(agent),
        state: row.state,
        revision: row.revision,
        promptRef: row.prompt_ref ?? '',
        deadlineMs: row.run_seconds === null ? deps.runDeadlineMs : row.run_seconds * 1000,
        sealedTurns: row.sealed_turns,
        caveats: caveatsOf(row.overrides),
      },
    };
  },

  async saveRun({ runId, key, entries, patch }) {
    return withTransaction(deps.pools.writes, async (tx) => {
      const row = await lockRun(tx, runId);
      if (!row) throw missing('run', runId);
      const added = await storeEntries(tx, key, entries, {
        projectId: row.project_id,
        ...(row.epic_id === null ? {} : { epicId: row.epic_id }),
        ...(row.task_id === null ? {} : { taskId: row.task_id }),
        runId,
        agentId: row.agent_id,
      });
      const isEnd = patch.state !== undefined && isTerminal(RUN_MACHINE, patch.state);
      const open =
        isEnd && row.kind === 'supervision' && row.epic_id !== null ? await listUnanswered(tx, row.epic_id) : [];
      const left = open.length === 0 ? {} : { unanswered: open };
      if (entries.length > 0 && added === 0) return { revision: row.revision, ...left };
      const revision = await patchRun(tx, runId, patch);
      if (patch.crashed) await recordCrash(tx, { runId, agentId: row.agent_id, projectId: row.project_id });
      if (patch.state) await refreshAgentState(tx, row.agent_id);
      if (isEnd) await closeBooks(tx, runId);
      return { revision, ...left };
    });
  },
});

/** A call that died with its worker, after which the run made no other, may have been paid. */
async function closeBooks(tx: Tx, runId: string): Promise<void> {
  await bookLostOfRun(tx, runId);
  await refreshRunTotals(tx, runId);
}

async function createRun(deps: StoreDeps, input: OpenRunInput, agent: AgentRow): Promise<void> {
  const promptRef = await deps.blobs.put(await deps.composePrompt(input, agent));
  await withTransaction(deps.pools.writes, (tx) =>
    insertRun(tx, {
      ...input,
      agentId: agent.id,
      model: deps.modelOf(agent),
      promptRef,
      deadlineMs: deps.runDeadlineMs,
    }),
  );
}
