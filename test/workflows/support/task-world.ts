import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  CheckActivities,
  CheckRun,
  EvidenceActivities,
  EvidenceRecord,
} from '../../../workflows/contract/activities/checks.js';
import type { EngineActivities, WorkflowStatus } from '../../../workflows/contract/activities/engine.js';
import type { ForgeActivities } from '../../../workflows/contract/activities/forge.js';
import type {
  AcquireTreeInput,
  CommitOutcome,
  CommitRoundInput,
  ConflictFile,
  HostClaimActivities,
  RepositoryActivities,
  TreeActivities,
} from '../../../workflows/contract/activities/git.js';
import type { MailActivities, SendMailInput } from '../../../workflows/contract/activities/mail.js';
import type { ComposeInput, ComposeOutcome, MergeActivities } from '../../../workflows/contract/activities/merge.js';
import type {
  SaveTaskInput,
  StoreActivities,
  TaskFacts,
  TaskPatch,
} from '../../../workflows/contract/activities/store.js';
import type { LifecycleEntry } from '../../../workflows/contract/lifecycle.js';
import type { EnqueueInput, EnqueueOutcome } from '../../../workflows/contract/merge-queue.js';
import type { OnClaim } from './epic-world.js';
import { complete, RunWorld, RunWorlds } from './run-world.js';

/** One task's row, tree, branch, checks and queue entry, with everything that was asked of them. */
export class TaskWorld {
  readonly row: Partial<TaskPatch> & { revision: number } = { revision: 0 };
  readonly entries: LifecycleEntry[] = [];
  readonly runs: RunWorld[] = [];
  readonly trees: AcquireTreeInput[] = [];
  readonly released: string[] = [];
  readonly commits: CommitRoundInput[] = [];
  readonly merges: { tip: string; headSha: string }[] = [];
  readonly verified: ComposeInput[] = [];
  readonly opened: { headSha: string }[] = [];
  readonly closed: number[] = [];
  readonly dropped: string[] = [];
  readonly enqueued: EnqueueInput[] = [];
  readonly mails: SendMailInput[] = [];
  /** Tips that a queue was started to hear of. */
  readonly redBases: string[] = [];
  readonly evidence: EvidenceRecord[] = [];
  facts: Partial<TaskFacts> = {};
  ended: string | undefined;
  /** What opening its row fails with. */
  refusal: Error | undefined;
  tip = 'tip-1';
  /** Runs in the order in which they are started; the last one serves for all that follow. */
  scripts: (() => RunWorld)[] = [() => new RunWorld([complete])];
  onCommit: (input: CommitRoundInput, count: number) => CommitOutcome | Error | undefined = () => undefined;
  onMerge: () => { kind: 'clean' | 'conflict'; files: ConflictFile[] } = () => ({ kind: 'clean', files: [] });
  onCompose: (input: ComposeInput) => ComposeOutcome | undefined = () => undefined;
  /** By (commit, purpose); passed unless it says something. */
  onCheck: (commit: string, purpose: string) => CheckRun['outcome'] | Promise<CheckRun['outcome']> = () => 'passed';
  onPublish: () => Promise<void> = async () => undefined;
  onEnqueue: (entry: EnqueueInput) => EnqueueOutcome | undefined = () => undefined;
  onClaim: OnClaim = () => undefined;
  onAcquire: (input: AcquireTreeInput, count: number) => Promise<Error | undefined> = async () => undefined;

  states(): string[] {
    return this.entries.filter(({ type }) => type === 'task.state').map(({ data }) => String(data?.to));
  }

  nextRun(): RunWorld {
    const make = this.scripts[Math.min(this.runs.length, this.scripts.length - 1)];
    const run = make ? make() : new RunWorld([complete]);
    this.runs.push(run);
    return run;
  }
}

const notFound = (what: string): ApplicationFailure => ApplicationFailure.nonRetryable(`no ${what}`, 'NotFound');
/** What is asked of a task's world is told apart by ids: every test has a project and a branch of its own. */
export class TaskWorlds {
  private readonly worlds = new Map<string, TaskWorld>();
  readonly runs = new RunWorlds();

  constructor() {
    this.runs.onOpen = ({ taskId }) => (taskId ? this.of(taskId).nextRun() : undefined);
  }

  /** @param key task id, project id and branch of the test alike */
  add(key: string, world: TaskWorld): TaskWorld {
    this.worlds.set(key, world);
    return world;
  }

  private of(key: string | undefined): TaskWorld {
    const world = this.worlds.get(key ?? '');
    if (!world) throw notFound(`world ${key}`);
    return world;
  }

  get activities() {
    return { ...this.runs.activities, ...this.taskActivities };
  }

  /** What Temporal says of a workflow; a test that kills one says so here. */
  statusOf: (workflowId: string) => WorkflowStatus['state'] = () => 'open';

  private readonly taskActivities = {
    openTask: async ({ taskId, attempt }) => {
      const world = this.of(taskId);
      if (world.refusal) throw world.refusal;
      if (world.ended) return { kind: 'ended', state: world.ended };
      const facts: TaskFacts = {
        taskId,
        projectId: taskId,
        projectName: 'sample',
        title: 'A task',
        kind: 'execution',
        state: 'PENDING',
        pausedBy: [],
        revision: 0,
        priority: 3,
        attempts: attempt,
        agentName: 'worker',
        agentId: 'agent-1',
        branch: taskId,
        targetBranch: 'main',
        createdBy: 'ada',
        ...world.facts,
      };
      return { kind: 'open', facts };
    },
    saveTask: async ({ taskId, patch, entries }: SaveTaskInput) => {
      const world = this.of(taskId);
      Object.assign(world.row, patch);
      world.entries.push(...entries.filter(({ number }) => number > (world.entries.at(-1)?.number ?? 0)));
      world.row.revision += 1;
      return { revision: world.row.revision };
    },
    claimHost: async (claim) => {
      const world = this.of(claim.projectId);
      return (await world.onClaim(claim)) ?? { hostQueue: 'host-a', hostId: 'a' };
    },
    acquireTree: async (input: AcquireTreeInput) => {
      const world = this.of(input.ownerId);
      world.trees.push(input);
      const error = await world.onAcquire(input, world.trees.length);
      if (error) throw error;
      return { treeId: `tree-${world.trees.length}`, baseSha: input.at ?? world.tip };
    },
    prepareRebase: async (input) => {
      const world = this.of(input.taskId);
      world.merges.push({ tip: input.tip, headSha: input.headSha });
      return world.onMerge();
    },
    commitRound: async (input: CommitRoundInput) => {
      const world = this.of(input.taskId);
      world.commits.push(input);
      const answer = world.onCommit(input, world.commits.length);
      if (answer instanceof Error) throw answer;
      const headSha = `head-${world.commits.length}`;
      return answer ?? { kind: 'committed', headSha, treeSha: `tree-of-${headSha}`, files: ['a.txt'] };
    },
    releaseTree: async ({ ownerId, treeId }) => void this.of(ownerId).released.push(treeId),
    readTip: async ({ projectId }) => ({ sha: this.of(projectId).tip }),
    composeCandidate: async (input: ComposeInput) => {
      const world = this.of(input.projectId);
      const [member] = input.members;
      const commit = `${input.tip}+${member?.headSha}`;
      world.verified.push(input);
      return (
        world.onCompose(input) ?? { kind: 'composed', parent: input.tip, parentTree: input.tip, commit, tree: commit }
      );
    },
    planChecks: async ({ tree }) => ({
      kind: 'planned',
      checks: [
        {
          name: 'unit',
          key: `unit@${tree}`,
          needs: [],
          required: true,
          failFast: false,
          rerunsTests: false,
          timeoutMs: 60_000,
          estMs: 1000,
        },
      ],
    }),
    runCheck: async ({ projectId, commit, purpose }) => {
      const pending = this.of(projectId).onCheck(commit, purpose);
      const beat = setInterval(() => Context.current().heartbeat(), 50);
      try {
        const outcome = await Promise.race([Promise.resolve(pending), Context.current().cancelled]);
        return { outcome, failedTests: outcome === 'failed' ? ['adds'] : [], ms: 5, logRef: `log-of-${commit}` };
      } finally {
        clearInterval(beat);
      }
    },
    lookUpEvidence: async ({ projectId, keys }) => this.of(projectId).evidence.filter(({ key }) => keys.includes(key)),
    storeEvidence: async ({ projectId, record }) => {
      const { evidence } = this.of(projectId);
      const stored = evidence.find(({ key }) => key === record.key);
      if (stored) return stored;
      const made = { ...record, id: `evidence-${evidence.length + 1}` };
      evidence.push(made);
      return made;
    },
    voidEvidence: async () => undefined,
    openPullRequest: async ({ taskId, headSha }) => {
      const world = this.of(taskId);
      await world.onPublish();
      world.opened.push({ headSha });
      return { number: 7, url: null };
    },
    closePullRequest: async ({ projectId, number }) => void this.of(projectId).closed.push(number),
    deleteMergedBranch: async ({ projectId, branch }) => {
      this.of(projectId).dropped.push(`merged ${branch}`);
      return { deleted: true };
    },
    dropBranch: async ({ projectId, branch }) => void this.of(projectId).dropped.push(branch),
    dropCheckpoints: async ({ taskId }) => void this.of(taskId).dropped.push('checkpoints'),
    enqueueEntry: async ({ entry }) => {
      const world = this.of(entry.taskId);
      world.enqueued.push(entry);
      return world.onEnqueue(entry) ?? { kind: 'accepted', entryId: entry.entryId, seq: world.enqueued.length };
    },
    reportBaseRed: async ({ projectId, event }) => void this.of(projectId).redBases.push(event.tip),
    describeWorkflows: async ({ workflowIds }) => {
      return workflowIds.map((workflowId) => ({ workflowId, state: this.statusOf(workflowId) }));
    },
    sendMail: async (input: SendMailInput) => {
      // Budget mail comes from a run of the task.
      this.of(input.taskId).mails.push(input);
    },
  } satisfies Pick<StoreActivities, 'openTask' | 'saveTask'> &
    HostClaimActivities &
    Pick<TreeActivities, 'acquireTree' | 'prepareRebase' | 'commitRound' | 'releaseTree'> &
    Pick<RepositoryActivities, 'readTip' | 'deleteMergedBranch' | 'dropBranch' | 'dropCheckpoints'> &
    Pick<MergeActivities, 'composeCandidate'> &
    CheckActivities &
    EvidenceActivities &
    Pick<ForgeActivities, 'openPullRequest' | 'closePullRequest'> &
    EngineActivities &
    Pick<MailActivities, 'sendMail'>;
}
