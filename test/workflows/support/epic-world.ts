import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { EngineActivities, WorkflowStatus } from '../../../workflows/contract/activities/engine.js';
import type { ForgeActivities } from '../../../workflows/contract/activities/forge.js';
import type {
  AcquireTreeInput,
  FullHost,
  HostClaimActivities,
  RepositoryActivities,
  TreeActivities,
} from '../../../workflows/contract/activities/git.js';
import type { MailActivities, SendMailInput } from '../../../workflows/contract/activities/mail.js';
import type {
  DependencyType,
  EpicFacts,
  EpicPatch,
  SaveTaskInput,
  StoreActivities,
  TaskSnapshot,
} from '../../../workflows/contract/activities/store.js';
import type { AgentRunOutcome } from '../../../workflows/contract/agent-run.js';
import type { LifecycleEntry } from '../../../workflows/contract/lifecycle.js';
import type { EnqueueInput, EnqueueOutcome } from '../../../workflows/contract/merge-queue.js';
import type { ChildActivities, TaskEnding } from './epic-stubs.workflow.js';

export type Edges = Readonly<Record<string, readonly string[]>>;
type RunScript = (input: {
  readonly planErrors: readonly string[];
  readonly mailIds: readonly string[];
}) => AgentRunOutcome | 'waits' | 'dies' | Promise<AgentRunOutcome | 'waits' | 'dies'>;

/** Undefined: there is room. */
export type OnClaim = (
  claim: Parameters<HostClaimActivities['claimHost']>[0],
) => FullHost | undefined | Promise<FullHost | undefined>;

export const HOST = { hostQueue: 'host-a', treeId: 'tree-1' } as const;

/** Rows, branches, children and mail of one epic, with everything that was asked of them. */
export class EpicWorld {
  readonly row: EpicPatch & { revision: number } = { revision: 0 };
  readonly entries: LifecycleEntry[] = [];
  readonly taskRows = new Map<string, TaskSnapshot>();
  readonly taskEntries: LifecycleEntry[] = [];
  readonly mails: SendMailInput[] = [];
  readonly handedOn: string[] = [];
  readonly enqueued: EnqueueInput[] = [];
  readonly opened: string[] = [];
  readonly closed: number[] = [];
  readonly dropped: string[] = [];
  readonly trees: AcquireTreeInput[] = [];
  readonly released: string[] = [];
  readonly runs: {
    readonly kind: string;
    readonly planErrors: readonly string[];
    readonly mailIds: readonly string[];
    readonly previousFailure: string | undefined;
  }[] = [];
  /** `key:what` in the order in which the children said it. */
  readonly said: string[] = [];
  running = 0;
  mostRunning = 0;
  facts: Partial<EpicFacts> = {};
  ended: string | undefined;
  plans: Edges[] = [];
  tips: Record<string, string> = { main: 'base-1', 'millwright/epic': 'epic-1' };
  isNothing = false;
  onTask: (key: string, attempt: number) => TaskEnding | Promise<TaskEnding> = () => 'COMPLETED';
  onRun: RunScript = () => ({ kind: 'completed', summary: 'done', host: HOST });
  onEnqueue: (entry: EnqueueInput, count: number) => EnqueueOutcome | undefined = () => undefined;
  onClaim: OnClaim = () => undefined;
  onCreateBranch: () => Promise<void> | void = () => undefined;
  status: (workflowId: string) => WorkflowStatus['state'] = () => 'open';

  constructor(plan: Edges | undefined = undefined, facts: Partial<EpicFacts> = {}) {
    if (plan) this.plans.push(plan);
    this.facts = { ...(plan ? { planVersion: 1 } : {}), ...facts };
  }

  states(): string[] {
    return this.entries.filter(({ type }) => type === 'epic.state').map(({ data }) => String(data?.to));
  }
  mailed(): string[] {
    return this.mails.map(({ template }) => template.kind);
  }
  keysOf(what: string): string[] {
    return this.said.filter((one) => one.endsWith(`:${what}`)).map((one) => one.split(':')[0] ?? '');
  }
}

/** A promise that the test settles. */
export function gate<T>(): { readonly promise: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

export const snapshot = (taskId: string, over: Partial<TaskSnapshot> = {}): TaskSnapshot => ({
  taskId,
  title: taskId.split(':')[1] ?? taskId,
  state: 'PENDING',
  priority: 3,
  attempts: 1,
  hasBranch: false,
  predictedFiles: [],
  dependsOn: [],
  ...over,
});

/** A worker that is stopped does not wait for a test that never lets the child go on. */
const unlessStopped = <T>(answer: T | Promise<T>): Promise<T> =>
  Promise.race([Promise.resolve(answer), Context.current().cancelled]);

const edge = (taskId: string, type: DependencyType = 'finish_to_start') => ({ taskId, type, required: true });

export class EpicWorlds {
  private readonly worlds = new Map<string, EpicWorld>();

  add(epicId: string, world: EpicWorld): void {
    this.worlds.set(epicId, world);
  }

  private of(id: string | undefined): EpicWorld {
    const world = this.worlds.get(id?.split(':')[0] ?? '');
    if (!world) throw ApplicationFailure.nonRetryable(`no world ${id}`, 'NotFound');
    return world;
  }

  readonly activities = {
    openEpic: async ({ epicId }) => {
      const world = this.of(epicId);
      if (world.ended) return { kind: 'ended', state: world.ended };
      const facts: EpicFacts = {
        epicId,
        projectId: epicId,
        projectName: 'sample',
        title: 'Sample epic',
        baseBranch: 'main',
        branch: 'millwright/epic',
        state: 'PLANNING',
        phase: 'planning',
        pausedBy: [],
        revision: 0,
        priority: 3,
        approval: 'none',
        mergeTarget: 'epic',
        land: 'auto',
        overlap: 'allow',
        planner: 'given',
        maxParallelTasks: 10,
        createdBy: 'ada',
        supervisorAgent: 'boss',
        tasks: [...world.taskRows.values()],
        ...world.facts,
      };
      return { kind: 'open', facts };
    },
    saveEpic: async ({ epicId, patch, entries }) => {
      const world = this.of(epicId);
      Object.assign(world.row, patch);
      world.entries.push(...entries);
      world.row.revision += 1;
      return { revision: world.row.revision };
    },
    saveTask: async ({ taskId, patch, entries }: SaveTaskInput) => {
      const world = this.of(taskId);
      const row = world.taskRows.get(taskId) ?? snapshot(taskId);
      const { state = row.state, attempts = row.attempts } = patch;
      world.taskRows.set(taskId, { ...row, state, attempts });
      world.taskEntries.push(...entries);
      return { revision: 1 };
    },
    applyPlan: async ({ epicId, planVersion }) => {
      const world = this.of(epicId);
      const edges = world.plans[planVersion - 1] ?? {};
      for (const [key, on] of Object.entries(edges)) {
        const id = `${epicId}:${key}`;
        const dependsOn = on.map((other) => edge(`${epicId}:${other}`));
        world.taskRows.set(id, { ...(world.taskRows.get(id) ?? snapshot(id)), key, dependsOn });
      }
      return { version: planVersion, tasks: [...world.taskRows.values()] };
    },
    listEpicTasks: async ({ epicId }) => [...this.of(epicId).taskRows.values()],
    addIntegrationTask: async ({ epicId }) => {
      const world = this.of(epicId);
      const id = `${epicId}:integrate-${world.taskRows.size}`;
      world.taskRows.set(id, snapshot(id));
      return snapshot(id);
    },
    handOnMail: async ({ epicId, mailIds }) => void this.of(epicId).handedOn.push(...mailIds),
    sendMail: async (input: SendMailInput) => void this.of(input.epicId).mails.push(input),
    createBranch: async ({ projectId, branch }) => {
      const world = this.of(projectId);
      await world.onCreateBranch();
      return { sha: world.tips[branch] ?? '' };
    },
    readTip: async ({ projectId, branch }) => ({ sha: this.of(projectId).tips[branch] ?? null }),
    isContained: async ({ projectId }) => this.of(projectId).isNothing,
    deleteMergedBranch: async ({ projectId, mergedSha }) => {
      this.of(projectId).dropped.push(`merged ${mergedSha}`);
      return { deleted: true };
    },
    dropBranch: async ({ projectId, branch }) => void this.of(projectId).dropped.push(branch),
    openPullRequest: async ({ projectId, headSha }) => {
      this.of(projectId).opened.push(headSha);
      return { number: 7, url: 'http://pr/7' };
    },
    closePullRequest: async ({ projectId, number }) => void this.of(projectId).closed.push(number),
    enqueueEntry: async ({ projectId, entry }) => {
      const world = this.of(projectId);
      world.enqueued.push(entry);
      return world.onEnqueue(entry, world.enqueued.length) ?? { kind: 'accepted', entryId: entry.entryId, seq: 1 };
    },
    describeWorkflows: async ({ workflowIds }) =>
      workflowIds.map((workflowId) => ({
        workflowId,
        state: workflowId.startsWith('task/') ? this.of(workflowId.slice(5)).status(workflowId) : ('open' as const),
      })),
    claimHost: async (claim) => {
      const world = this.of(claim.projectId);
      return (await world.onClaim(claim)) ?? { hostQueue: HOST.hostQueue, hostId: 'a' };
    },
    acquireTree: async (input: AcquireTreeInput) => {
      this.of(input.projectId).trees.push(input);
      return { treeId: HOST.treeId, baseSha: 'base-1' };
    },
    releaseTree: async ({ projectId, ownerId }) => void this.of(projectId).released.push(ownerId),
    taskSays: async ({ taskId, what }) => {
      const world = this.of(taskId);
      world.said.push(`${taskId.split(':')[1]}:${what}`);
    },
    doTask: async ({ taskId, attempt }) => {
      const world = this.of(taskId);
      world.running += 1;
      world.mostRunning = Math.max(world.mostRunning, world.running);
      try {
        return await unlessStopped(world.onTask(taskId.split(':')[1] ?? '', attempt));
      } finally {
        world.running -= 1;
      }
    },
    doRun: async ({ epicId, kind, planErrors, mailIds, previousFailure }) => {
      const world = this.of(epicId);
      world.runs.push({ kind, planErrors, mailIds, previousFailure });
      return unlessStopped(world.onRun({ planErrors, mailIds }));
    },
    runSays: async ({ epicId, what }) => void this.of(epicId).said.push(`run:${what}`),
  } satisfies Pick<
    StoreActivities,
    'openEpic' | 'saveEpic' | 'saveTask' | 'applyPlan' | 'listEpicTasks' | 'addIntegrationTask'
  > &
    MailActivities &
    Pick<EngineActivities, 'describeWorkflows' | 'enqueueEntry'> &
    HostClaimActivities &
    ChildActivities &
    Pick<ForgeActivities, 'openPullRequest' | 'closePullRequest'> &
    Pick<TreeActivities, 'acquireTree' | 'releaseTree'> &
    Pick<RepositoryActivities, 'createBranch' | 'readTip' | 'isContained' | 'deleteMergedBranch' | 'dropBranch'>;
}
