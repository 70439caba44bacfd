// Store activities: shared queue, policy STORE. Only they write lifecycle columns.
import type { EpicPhase, EpicState, RunKind, RunState, TaskState } from '../../../domain/states.js';
import type { LifecycleEntry, LifecycleKey, Saved } from '../lifecycle.js';
import type { PausedBy } from '../messages.js';

export type DependencyType = 'finish_to_start' | 'start_to_start';

export interface TaskDependency {
  readonly taskId: string;
  readonly type: DependencyType;
  readonly required: boolean;
}

/** What an epic needs to schedule a task; texts stay in the store. */
export interface TaskSnapshot {
  readonly taskId: string;
  readonly key?: string;
  readonly title: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly attempts: number;
  /** True once a commit was pushed: such tasks go before fresh ones. */
  readonly hasBranch: boolean;
  readonly predictedFiles: readonly string[];
  readonly dependsOn: readonly TaskDependency[];
}

/** Read once by an epic's first activity. Tasks are there when the epic is brought back or continues. */
export interface EpicFacts {
  readonly epicId: string;
  readonly projectId: string;
  readonly projectName: string;
  /** What an admin switched off for the project, in sentences: the Web UI says them too. */
  readonly caveats?: readonly string[];
  readonly title: string;
  readonly baseBranch: string;
  readonly branch: string;
  readonly state: EpicState;
  readonly phase: EpicPhase;
  readonly pausedBy: readonly PausedBy[];
  readonly revision: number;
  readonly priority: number;
  readonly approval: 'none' | 'plan' | 'all';
  readonly mergeTarget: 'epic' | 'base';
  readonly land: 'person' | 'auto';
  readonly overlap: 'serialise' | 'allow';
  readonly planner: 'model' | 'given';
  readonly maxParallelTasks: number;
  readonly createdBy: string;
  readonly supervisorAgent: string;
  /** Newest stored plan; absent while there is none. */
  readonly planVersion?: number;
  /** The version whose tasks are rows already. */
  readonly appliedPlanVersion?: number;
  readonly prNumber?: number;
  readonly tasks: readonly TaskSnapshot[];
  /** Queue entry of the epic's own PR that is still live or landed, for a restored epic. */
  readonly entry?: { readonly entryId: string; readonly state: string; readonly landedSha?: string };
}

export interface TaskFacts {
  readonly taskId: string;
  readonly epicId?: string;
  readonly projectId: string;
  readonly projectName: string;
  /** What an admin switched off for the project, in sentences: the Web UI says them too. */
  readonly caveats?: readonly string[];
  readonly title: string;
  readonly kind: string;
  readonly state: TaskState;
  readonly pausedBy: readonly PausedBy[];
  readonly revision: number;
  readonly priority: number;
  readonly attempts: number;
  readonly agentName: string;
  readonly agentId: string;
  readonly branch: string;
  readonly targetBranch: string;
  readonly createdBy: string;
  /** Integration tasks only: the branch whose tip is merged into the target branch. */
  readonly mergeBranch?: string;
  /** Facts of an earlier life of this task, read from rows and forge; absent on a fresh start. */
  readonly baseSha?: string;
  readonly headSha?: string;
  readonly prNumber?: number;
  readonly checkpointSha?: string;
  readonly entry?: { readonly entryId: string; readonly state: string; readonly landedSha?: string };
  readonly summary?: string;
}

export interface RunFacts {
  readonly runId: string;
  readonly agentId: string;
  readonly agentName: string;
  readonly backend: 'anthropic' | 'command';
  readonly model: string;
  readonly state: RunState;
  readonly revision: number;
  readonly promptRef: string;
  /** Wall time of the run, counted while unpaused. */
  readonly deadlineMs: number;
  /** Turns already sealed, for a run that is brought back. */
  readonly sealedTurns: number;
  /** What an admin switched off for the project, in sentences: the Web UI says them too. */
  readonly caveats?: readonly string[];
}

/** Ended = the row is terminal for this attempt already: the workflow returns at once. */
export type Opened<T> =
  | { readonly kind: 'open'; readonly facts: T }
  | { readonly kind: 'ended'; readonly state: string };

/** Absent = unchanged; null = cleared. */
export interface EpicPatch {
  readonly state?: EpicState;
  readonly phase?: EpicPhase;
  readonly pausedBy?: readonly PausedBy[];
  readonly blockedReason?: string | null;
  readonly waitingFor?: string | null;
  readonly planVersion?: number;
  readonly prNumber?: number;
  readonly prUrl?: string;
}

export interface TaskPatch {
  readonly state?: TaskState;
  readonly pausedBy?: readonly PausedBy[];
  readonly attempts?: number;
  readonly assignedAgentId?: string;
  readonly targetBranch?: string;
  readonly baseSha?: string;
  readonly headSha?: string;
  readonly prNumber?: number;
  readonly prUrl?: string;
  readonly failureReason?: string | null;
  readonly blockedReason?: string | null;
  readonly waitingFor?: string | null;
  readonly summary?: string;
}

export interface RunPatch {
  readonly state?: RunState;
  readonly pausedBy?: readonly PausedBy[];
  readonly hostQueue?: string;
  readonly treeId?: string;
  readonly outcome?: string;
  readonly error?: string | null;
  readonly summary?: string;
  /** The agent itself ended badly. */
  readonly crashed?: true;
}

interface Lifecycle {
  readonly key: LifecycleKey;
  readonly entries: readonly LifecycleEntry[];
}

export interface SaveEpicInput extends Lifecycle {
  readonly epicId: string;
  readonly patch: EpicPatch;
}
export interface SaveTaskInput extends Lifecycle {
  readonly taskId: string;
  readonly patch: TaskPatch;
}
export interface SaveRunInput extends Lifecycle {
  readonly runId: string;
  readonly patch: RunPatch;
}
/** Of a supervision that ends: mail to its epic that waits for an answer still. */
export interface SavedRun extends Saved {
  readonly unanswered?: readonly string[];
}
export interface SaveProjectInput {
  readonly projectId: string;
  readonly state: 'importing' | 'ready' | 'refused' | 'red';
  readonly reason: string | null;
  readonly baseBranch?: string;
  readonly tipSha?: string;
}

/** What the prompt of a run is made from, beside the rows of task and epic. */
export interface RunContext {
  /** Mail the run is started for (supervision) or that waited for its agent. */
  readonly mailIds?: readonly string[];
  /** Required checks that failed on the last round: names and the reference of each log's tail. */
  readonly failedChecks?: readonly {
    readonly name: string;
    readonly logRef?: string;
    readonly failedTests: readonly string[];
  }[];
  /** A merge of tip and head with markers is in the tree; every conflicting file in words. */
  readonly conflict?: {
    readonly tip: string;
    readonly files: readonly { readonly path: string; readonly what: string }[];
  };
  readonly previousSummary?: string;
  /** Why the attempt before this one failed. */
  readonly previousFailure?: string;
  /** Files in the tree that the last commit left out, because the repository's own rules ignore them. */
  readonly ignoredFiles?: readonly string[];
  /** Why the last plan was refused. */
  readonly planErrors?: readonly string[];
}

export interface OpenRunInput {
  readonly runId: string;
  readonly projectId: string;
  readonly taskId?: string;
  readonly epicId?: string;
  readonly parentRunId?: string;
  readonly kind: RunKind;
  readonly agentName: string;
  readonly attempt: number;
  readonly round: number;
  readonly context: RunContext;
  readonly hostQueue?: string;
  readonly treeId?: string;
}

export interface PlannedGraph {
  readonly version: number;
  readonly tasks: readonly TaskSnapshot[];
}

export interface StoreActivities {
  openEpic(input: { readonly epicId: string }): Promise<Opened<EpicFacts>>;
  saveEpic(input: SaveEpicInput): Promise<Saved>;
  /**
   * Makes task and dependency rows of one plan version, or changes those of tasks that have not started.
   * Repeatable. Answers every task of the epic as it now stands.
   */
  applyPlan(input: { readonly epicId: string; readonly planVersion: number }): Promise<PlannedGraph>;
  /** Every task of the epic as the rows say; used after `addTask` and by a restored epic. */
  listEpicTasks(input: { readonly epicId: string }): Promise<readonly TaskSnapshot[]>;
  /** Makes the `integration` task that merges the moved base into the epic branch; the id is the caller's. */
  addIntegrationTask(input: {
    readonly epicId: string;
    readonly taskId: string;
    readonly files: readonly string[];
  }): Promise<TaskSnapshot>;
  /** @param attempt of the workflow's input; the row's later attempt or terminal state answers `ended` */
  openTask(input: { readonly taskId: string; readonly attempt: number }): Promise<Opened<TaskFacts>>;
  saveTask(input: SaveTaskInput): Promise<Saved>;
  /** Inserts the run's row with its prompt, or adopts it. @throws InvalidInput when the agent is unknown */
  openRun(input: OpenRunInput): Promise<Opened<RunFacts>>;
  saveRun(input: SaveRunInput): Promise<SavedRun>;
  saveProject(input: SaveProjectInput): Promise<void>;
}
