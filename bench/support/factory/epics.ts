import { TypedSearchAttributes } from '@temporalio/common';
import { requirePlan } from '../../../api/epics/plan-input.js';
import { effectiveConfig } from '../../../domain/project-config/effective.js';
import { seedEpic, seedProject } from '../../../test/support/api/seed.js';
import { insertPlan } from '../../../test/support/rows.js';
import type { EpicWorkflow } from '../../../workflows/contract/epic.js';
import { epicWorkflowId } from '../../../workflows/contract/ids.js';
import { SEARCH_ATTRIBUTE } from '../../../workflows/contract/search-attributes.js';
import { QUEUE } from '../../../workflows/contract/task-queues.js';
import type { FactoryRig } from './rig.js';

export interface PlannedEpic {
  readonly epicId: string;
  readonly projectId: string;
}

/** An epic on a project of its own, with a given plan of tasks that need nothing of each other. */
export const seedPlannedEpic = async ({ database }: FactoryRig, tasks: number): Promise<PlannedEpic> => {
  const projectId = await seedProject(database, UNLIMITED);
  const epicId = await seedEpic(database, projectId, { planner: 'given', land: 'auto' });
  const keys = Array.from({ length: tasks }, (_, at) => `task-${at + 1}`);
  const plan = requirePlan({ tasks: keys.map((key) => ({ key, title: key, description: `Write ${key}.` })) });
  await insertPlan(database.pools.writes, epicId, 1, plan);
  return { epicId, projectId };
};

/** Starts it as the relay does and answers when it has landed. */
export const runEpic = async ({ client }: FactoryRig, { epicId, projectId }: PlannedEpic): Promise<void> => {
  const outcome = await client.workflow.execute<EpicWorkflow>('epic', {
    workflowId: epicWorkflowId(epicId),
    taskQueue: QUEUE.shared,
    args: [{ epicId, tuning: 'normal' }],
    typedSearchAttributes: new TypedSearchAttributes([
      { key: SEARCH_ATTRIBUTE.kind, value: 'epic' },
      { key: SEARCH_ATTRIBUTE.project, value: projectId },
      { key: SEARCH_ATTRIBUTE.epic, value: epicId },
    ]),
  });
  if (outcome.kind !== 'completed' || outcome.landed === 0) throw new Error(`an epic ended as ${outcome.kind}`);
};

const CHECKED = { checks: [{ name: 'test', run: 'true' }] };
/** A run of a thousand steps meets no limit of the project. */
export const UNLIMITED = {
  config: JSON.stringify({
    ...effectiveConfig(undefined, CHECKED),
    limits: { run: { turns: 1_000_000, tokens: 1_000_000_000, dollars: 1_000_000 } },
  }),
};

export interface HistoryLength {
  readonly type: string;
  readonly events: number;
}

/** Every history of the project's work so far. */
export const historiesOf = async ({ client }: FactoryRig, projectId: string): Promise<readonly HistoryLength[]> => {
  const found: HistoryLength[] = [];
  const query = `${SEARCH_ATTRIBUTE.project.name} = "${projectId}"`;
  for await (const { workflowId, runId, type } of client.workflow.list({ query })) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    found.push({ type, events: events?.length ?? 0 });
  }
  return found;
};
