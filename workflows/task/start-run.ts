import type { AgentRunInput, RunHost } from '../contract/agent-run.js';
import { runWorkflowId, taskWorkflowId } from '../contract/ids.js';
import { startTracked } from '../support/start-child.js';
import type { NextRun } from './stages.js';
import { type Open, treeAt } from './steps.js';
import { runSummary } from './texts.js';

export interface RunStart {
  readonly runId: string;
  readonly host: RunHost;
  readonly next: NextRun;
  readonly onClosed: (outcome?: unknown) => void;
}

/** Starts the run as a child that outlives continue-as-new of its task and reports by signal. */
export async function startRun({ input, task, facts }: Open, { runId, host, next, onClosed }: RunStart): Promise<void> {
  const { taskId, projectId, epicId, agentName, title, createdBy, branch } = facts;
  const { kind, context } = next;
  const isUnresolved = task.merging !== undefined && task.checkpointSha === undefined;
  const at = treeAt(task);
  const run: AgentRunInput = {
    runId,
    projectId,
    taskId,
    ...(epicId === undefined ? {} : { epicId }),
    ...(task.lastRunId === undefined ? {} : { parentRunId: task.lastRunId }),
    kind,
    agentName,
    attempt: task.attempts,
    round: task.merging ? Math.max(1, task.rebaseRound) : task.checkRounds + 1,
    parentWorkflowId: taskWorkflowId(taskId),
    host,
    context,
    // A merge with conflicts is in no commit yet: only the task can put it into another tree.
    ...(isUnresolved || at === undefined ? {} : { rebuild: { ownerId: taskId, branch, at, mode: 'write' as const } }),
    title,
    createdBy,
    tuning: input.tuning,
    ...(input.maxEvents === undefined ? {} : { maxEvents: input.maxEvents }),
  };
  await startTracked({
    type: 'agentRun',
    workflowId: runWorkflowId(runId),
    input: run,
    summary: runSummary(title, next, agentName),
    priorityKey: 3,
    projectId,
    attributes: {
      kind: 'agentRun',
      project: projectId,
      ...(epicId === undefined ? {} : { epic: epicId }),
      state: 'pending',
      agent: agentName,
    },
    onClosed,
  });
}
