import { ApplicationFailure } from '@temporalio/common';
import { CancellationScope, condition, proxyActivities } from '@temporalio/workflow';
import type {
  HostToolActivities,
  ModelActivities,
  ProgramActivities,
  SealActivities,
  StoreToolActivities,
  ToolCallInput,
} from '../contract/activities/agents.js';
import type { FullHost, HostClaimActivities, TreeActivities } from '../contract/activities/git.js';
import type { MailActivities } from '../contract/activities/mail.js';
import type { StoreActivities } from '../contract/activities/store.js';
import type { AgentRunInput, RunHost } from '../contract/agent-run.js';
import type { TreeFence } from '../contract/fence.js';
import { QUEUE } from '../contract/task-queues.js';
import { programPolicy } from '../policy/activity-options.js';
import { activitiesOf } from '../support/activities-of.js';
import { hostClaims } from '../support/claim-host.js';
import { neverStarted } from '../support/failure-type.js';
import { faultOf } from '../support/fault.js';
import { makeFences } from '../support/fence.js';
import { outlastLimits } from '../support/forge-limit.js';
import { summaryLine } from '../support/visibility.js';
import type { AgentRunState } from './agent-run.state.js';
import type { ProgramPorts } from './program.js';
import { modelSummary, programSummary, sealSummary } from './texts.js';
import type { TurnPorts } from './turn.js';

/** Everything outside that a run uses; fakes of the drivers' parts stand in for it in tests. */
export interface RunPorts extends TurnPorts, ProgramPorts {
  readonly store: Pick<StoreActivities, 'openRun' | 'saveRun'>;
  readonly mails: MailActivities;
}

/** Hosts that may die between being claimed and taking the tree. */
const REBUILDS = 3;

/** The activities behind both drivers. */
export function runPorts(
  input: AgentRunInput,
  read: () => AgentRunState,
  roomSought: (full: FullHost | undefined) => void,
): RunPorts {
  const fence = makeFences();
  const { runId, projectId, taskId, tuning } = input;
  const owner = { projectId, ...(taskId === undefined ? {} : { taskId }) };
  return {
    store: activitiesOf('STORE', tuning),
    mails: activitiesOf('STORE', tuning, { summary: 'mail: a budget limit is reached' }),
    fence,
    faultOf,
    uncancelled: (work) => CancellationScope.nonCancellable(work),
    released: () => condition(() => read().pausedBy.length === 0),
    rebuild: () => rebuild(input, { fence, checkpoint: read().checkpointSha, roomSought }),
    callModel: (call) => {
      const model: ModelActivities = activitiesOf('MODEL', tuning, { summary: modelSummary(call.turn) });
      return model.callModel(call);
    },
    runTool: (host, call, step) => {
      const summary = summaryLine(call.summary);
      if (call.where === 'store') {
        const store: StoreToolActivities = activitiesOf('STORE', tuning, { summary });
        return store.runStoreTool(step);
      }
      const tools: HostToolActivities = activitiesOf('HOST_TOOL', tuning, { summary, taskQueue: host.hostQueue });
      return tools.runHostTool(call.name === 'task_complete' ? { ...step, ...conflictOf(input) } : step);
    },
    seal: (host, step) => {
      const seal: SealActivities = activitiesOf('SEAL', tuning, {
        taskQueue: host?.hostQueue ?? QUEUE.shared,
        summary: sealSummary(step.turn, step.lost),
      });
      return seal.sealTurn({ ...step, ...owner });
    },
    runProgram: (host, step) => {
      const programs: ProgramActivities = proxyActivities<ProgramActivities>({
        ...programPolicy(tuning, step.timeoutMs),
        taskQueue: host.hostQueue,
        summary: summaryLine(programSummary(input.agentName, step.turn)),
      });
      return programs.runProgram({ ...step, runId });
    },
  };
}

const conflictOf = ({ context }: AgentRunInput): Pick<ToolCallInput, 'conflictFiles'> =>
  context.conflict ? { conflictFiles: context.conflict.files.map(({ path }) => path) } : {};

async function rebuild(
  { rebuild: source, projectId, taskId, tuning }: AgentRunInput,
  {
    fence,
    checkpoint,
    roomSought,
  }: {
    readonly fence: () => TreeFence;
    readonly checkpoint: string | undefined;
    readonly roomSought: (full: FullHost | undefined) => void;
  },
): Promise<RunHost> {
  const at = checkpoint ?? source?.at;
  if (!source || at === undefined)
    throw ApplicationFailure.nonRetryable('only its parent knows what belongs in the tree', 'WorktreeLost');
  const hosts: HostClaimActivities = activitiesOf('CLAIM_HOST', tuning, { summary: 'claim another host' });
  const claimHost = hostClaims(hosts, roomSought);
  const outlast = outlastLimits();
  for (let attempt = 1; ; attempt += 1) {
    const hostQueue = await claimHost(projectId);
    const trees: Pick<TreeActivities, 'acquireTree'> = activitiesOf('WORKTREE', tuning, {
      taskQueue: hostQueue,
      summary: `rebuild the tree at ${at.slice(0, 12)}`,
    });
    try {
      const { ownerId, branch, mode } = source;
      const task = taskId === undefined ? {} : { taskId };
      const { treeId } = await outlast(() =>
        trees.acquireTree({ projectId, ownerId, ...task, branch, at, mode, fence: fence() }),
      );
      return { hostQueue, treeId };
    } catch (error) {
      // Taking a tree is repeatable: what an attempt on a dead host left there is its janitor's.
      if (!neverStarted(error) || attempt >= REBUILDS) throw error;
    }
  }
}
