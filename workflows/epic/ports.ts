// The activities and messages behind both drivers.
import type { EngineActivities } from '../contract/activities/engine.js';
import type { ForgeActivities } from '../contract/activities/forge.js';
import type {
  FullHost,
  HostClaimActivities,
  RepositoryActivities,
  TreeActivities,
} from '../contract/activities/git.js';
import type { MailActivities } from '../contract/activities/mail.js';
import type { StoreActivities } from '../contract/activities/store.js';
import { type AgentRunInput, type AgentRunOutcome, runStopSignal } from '../contract/agent-run.js';
import type { EpicInput } from '../contract/epic.js';
import { factoryAskAdmissionSignal, factoryEndAdmissionSignal } from '../contract/factory.js';
import type { TreeFence } from '../contract/fence.js';
import { queueForgeEventSignal } from '../contract/forge-event.js';
import {
  epicWorkflowId,
  FACTORY_WORKFLOW_ID,
  queueWorkflowId,
  runWorkflowId,
  taskWorkflowId,
} from '../contract/ids.js';
import { admittedSignal, holdSignal, mailSignal } from '../contract/messages.js';
import type { TaskInput, TaskOutcome } from '../contract/task.js';
import { activitiesOf } from '../support/activities-of.js';
import { hostClaims } from '../support/claim-host.js';
import { failureType, neverStarted } from '../support/failure-type.js';
import { lifecycleKey } from '../support/lifecycle-key.js';
import { startTracked } from '../support/start-child.js';
import { cancelWorkflow, tell } from '../support/tell.js';
import type { Epic, EpicTask } from './epic.state.js';
import { targetBranch } from './epic.state.js';
import type { RunPorts } from './run-steps.js';
import type { StepPorts } from './step-ports.js';

export interface EpicWiring {
  readonly input: EpicInput;
  readonly epic: () => Epic;
  readonly fence: () => TreeFence;
  /** Heard at once while this run of the epic lives; later a silent child is asked after. */
  readonly taskClosed: (taskId: string, attempt: number, outcome: TaskOutcome | undefined) => void;
  readonly runClosed: (runId: string, outcome: AgentRunOutcome | undefined) => void;
  /** The run that is being started waits for a host with room. */
  readonly roomSought: (full: FullHost | undefined) => void;
}

export function stepPorts(wiring: EpicWiring): StepPorts {
  const { input, epic } = wiring;
  const { epicId, tuning } = input;
  const { projectId, branch, baseBranch, createdBy } = epic().constants;
  const store = (summary: string): StoreActivities => activitiesOf('STORE', tuning, { summary });
  const reads = (summary: string): RepositoryActivities => activitiesOf('FORGE_READ', tuning, { summary });
  const writes = (summary: string): RepositoryActivities => activitiesOf('FORGE_WRITE', tuning, { summary });
  const forge = (summary: string): ForgeActivities => activitiesOf('FORGE_WRITE', tuning, { summary });
  const engine = (summary: string): EngineActivities => activitiesOf('STORE', tuning, { summary });
  const mails = (summary: string): MailActivities => activitiesOf('STORE', tuning, { summary });
  const queueId = queueWorkflowId(projectId, baseBranch);
  return {
    saveEpic: (patch, entries) =>
      store(patch.state ? `state ${patch.state}` : 'epic').saveEpic({ epicId, patch, key: lifecycleKey(), entries }),
    saveTask: ({ taskId, patch, entries }) =>
      store(`task ${patch.state}`).saveTask({ taskId, patch, key: lifecycleKey(), entries }),
    sendMail: ({ mailId, template }) =>
      mails(`mail to ${createdBy}: ${template.kind}`).sendMail({
        mailId,
        projectId,
        epicId,
        from: { kind: 'epic', id: epicId },
        to: { kind: 'human', id: createdBy },
        template,
      }),
    handOnMail: (mailIds) => mails(`mail goes on to ${createdBy}`).handOnMail({ epicId, mailIds, to: createdBy }),
    applyPlan: async (planVersion) =>
      (await store(`apply plan version ${planVersion}`).applyPlan({ epicId, planVersion })).tasks,
    listTasks: () => store('read added tasks').listEpicTasks({ epicId }),
    addIntegrationTask: (taskId, files) =>
      store(`add a task that merges ${baseBranch}`).addIntegrationTask({ epicId, taskId, files }),
    createBranch: () => writes(`create ${branch}`).createBranch({ projectId, branch, from: baseBranch }),
    readTip: async (of) => (await reads(`tip of ${of}`).readTip({ projectId, branch: of })).sha,
    isContained: (tip, head) => reads(`does ${branch} add anything`).isContained({ projectId, tip, head }),
    openPullRequest: (headSha) =>
      forge(`pull request of ${branch}`).openPullRequest({
        projectId,
        epicId,
        headRef: branch,
        headSha,
        baseRef: baseBranch,
      }),
    closePullRequest: (number, reason) =>
      forge(`close pull request #${number}`).closePullRequest({ projectId, number, reason }),
    enqueue: ({ entryId, prNumber, headSha, by }) =>
      engine(`enqueue #${prNumber} on ${baseBranch}`).enqueueEntry({
        projectId,
        branch: baseBranch,
        tuning,
        entry: {
          entryId,
          prNumber,
          epicId,
          owner: epicWorkflowId(epicId),
          headRef: branch,
          headSha,
          title: epic().constants.title,
          priority: 1,
          by,
        },
      }),
    deleteMergedBranch: async (mergedSha) => {
      const merged = { projectId, branch, target: baseBranch, mergedSha };
      return (await orLeft(writes(`delete ${branch}`).deleteMergedBranch(merged), { deleted: false })).deleted;
    },
    dropBranch: () => orLeft(writes(`drop ${branch}`).dropBranch({ projectId, branch }), undefined),
    describe: (workflowIds) => engine('look after silent children').describeWorkflows({ workflowIds }),
    startTask: (task, admitted) => startTask(wiring, task, admitted),
    admit: (taskId) => tell(taskWorkflowId(taskId), admittedSignal, { slots: 1 }),
    hold: (workflowId, on) => tell(workflowId, holdSignal, { by: 'parent', on }),
    cancelTask: (taskId) => cancelWorkflow(taskWorkflowId(taskId)),
    askFactory: (ask) => tell(FACTORY_WORKFLOW_ID, factoryAskAdmissionSignal, ask),
    leaveFactory: () => tell(FACTORY_WORKFLOW_ID, factoryEndAdmissionSignal, { workflowId: epicWorkflowId(epicId) }),
    tellQueue: (event) => tell(queueId, queueForgeEventSignal, event),
  };
}

function startTask(
  { input, epic, taskClosed }: EpicWiring,
  task: EpicTask,
  admitted: boolean,
): Promise<'started' | 'exists'> {
  const { epicId, tuning, maxEvents } = input;
  const { projectId } = epic().constants;
  const { id, attempt } = task;
  return startTracked<TaskInput>({
    type: 'task',
    workflowId: taskWorkflowId(id),
    input: { taskId: id, attempt, tuning, admitted, ...(maxEvents === undefined ? {} : { maxEvents }) },
    summary: `Task: ${task.title}`,
    priorityKey: 3,
    projectId,
    attributes: { kind: 'task', project: projectId, epic: epicId, state: task.state },
    // A retry, or a life that died, starts the same id anew.
    again: true,
    onClosed: (outcome) => taskClosed(id, attempt, outcome as TaskOutcome | undefined),
  });
}

/** Tidying that cannot be done now is left to the sweep: nothing waits for it. A bug is thrown on. */
async function orLeft<T>(work: Promise<T>, left: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    failureType(error);
    return left;
  }
}

/** Hosts that may die between being claimed and taking the tree. */
const HOSTS_TRIED = 3;

export function runPorts(wiring: EpicWiring): RunPorts {
  const { input, epic, fence, runClosed, roomSought } = wiring;
  const { epicId, tuning, maxEvents } = input;
  const { projectId, title, supervisorAgent, createdBy } = epic().constants;
  const trees = (taskQueue: string, summary: string): TreeActivities =>
    activitiesOf('WORKTREE', tuning, { taskQueue, summary });
  return {
    async takeTree(ownerId) {
      const hosts: HostClaimActivities = activitiesOf('CLAIM_HOST', tuning, { summary: 'claim a host' });
      const claimHost = hostClaims(hosts, roomSought);
      for (let tried = 1; ; tried += 1) {
        const hostQueue = await claimHost(projectId);
        const branch = targetBranch(epic());
        try {
          const tree = { projectId, ownerId, branch, mode: 'read', fence: fence() } as const;
          const { treeId } = await trees(hostQueue, `tree of ${branch} to read`).acquireTree(tree);
          return { hostQueue, treeId };
        } catch (error) {
          // Taking a tree is repeatable: what a dead host keeps of it is its janitor's.
          if (!neverStarted(error) || tried >= HOSTS_TRIED) throw error;
        }
      }
    },
    releaseTree: (ownerId, { hostQueue, treeId }) =>
      orLeft(trees(hostQueue, 'give the tree back').releaseTree({ treeId, projectId, ownerId }), undefined),
    startRun: ({ runId, kind }, host, context) =>
      startTracked<AgentRunInput>({
        type: 'agentRun',
        workflowId: runWorkflowId(runId),
        input: {
          runId,
          projectId,
          epicId,
          kind,
          agentName: supervisorAgent,
          attempt: 1,
          round: epic().plan.tries + 1,
          parentWorkflowId: epicWorkflowId(epicId),
          host,
          context,
          rebuild: { ownerId: runId, branch: targetBranch(epic()), mode: 'read' },
          title,
          createdBy,
          pausedBy: epic().pausedBy.length > 0 ? ['parent'] : [],
          tuning,
          ...(maxEvents === undefined ? {} : { maxEvents }),
        },
        summary: `${kind === 'planning' ? 'Planning' : 'Supervision'}: ${title}`,
        priorityKey: 2,
        projectId,
        attributes: { kind: 'agentRun', project: projectId, epic: epicId, state: 'pending', agent: supervisorAgent },
        onClosed: (outcome) => runClosed(runId, outcome as AgentRunOutcome | undefined),
      }),
    stopRun: (runId, reason) =>
      tell(runWorkflowId(runId), runStopSignal, { by: epicWorkflowId(epicId), reason, cancel: true }),
    forwardMail: (runId, mailId) => tell(runWorkflowId(runId), mailSignal, { mailId }),
  };
}
