// State of one epic: plain JSON that crosses continue-as-new. Pure; what follows from it is in the files beside.
import type { EpicTiming } from '../../domain/epic-timing.js';
import type { SchedulableTask } from '../../domain/scheduling.js';
import type { EpicPhase, EpicState, RunState, TaskState } from '../../domain/states.js';
import { EPIC_MACHINE, isTerminal } from '../../domain/states.js';
import type { SendMailInput } from '../contract/activities/mail.js';
import type { EpicFacts, EpicPatch, TaskPatch, TaskSnapshot } from '../contract/activities/store.js';
import type { AgentRunOutcome, RunHost } from '../contract/agent-run.js';
import type { EpicInput, EpicOutcome, EpicView } from '../contract/epic.js';
import type { LifecycleEntry } from '../contract/lifecycle.js';
import type { PausedBy } from '../contract/messages.js';
import { EMPTY_LOG, type LifecycleLog } from '../support/lifecycle-log.js';
import { type Landing, restoredLanding } from './landing.js';

/** What never changes while it lives. */
export type EpicConstants = Omit<
  EpicFacts,
  'state' | 'phase' | 'pausedBy' | 'revision' | 'planVersion' | 'appliedPlanVersion' | 'prNumber' | 'tasks' | 'entry'
>;

export interface EpicTask extends SchedulableTask {
  readonly title: string;
  /** 1-based life of its workflow; later ones are retries by people. */
  readonly attempt: number;
  /** The row's: attempts that a task makes by itself raise it too. */
  readonly attempts: number;
  /** State in which it last said that it wants a slot. */
  readonly wantedIn?: TaskState;
  /** `hold {by: 'parent', on: true}` was sent. */
  readonly held: boolean;
  /** Last sign of life. */
  readonly heardAtMs: number;
  /** Lives of its workflow that ended without a word, in this attempt. */
  readonly deaths: number;
  readonly cancelSent: boolean;
  readonly reason?: string;
}

export interface EpicPlan {
  readonly version?: number;
  /** Version whose tasks are rows. Present = planning is over. */
  readonly applied?: number;
  readonly approved?: number;
  /** Planning runs that brought no valid plan. */
  readonly tries: number;
  readonly errors: readonly string[];
  /** Planning gave up; a person gives a plan or asks for another try. */
  readonly failed?: string;
}

export interface EpicRun {
  readonly runId: string;
  readonly kind: 'planning' | 'supervision';
  readonly mailIds: readonly string[];
  readonly heardAtMs: number;
  readonly held: boolean;
  readonly stopSent: boolean;
  /** Absent while host and tree are being taken. */
  readonly host?: RunHost;
  readonly state?: RunState;
  /** Its own words. */
  readonly waitingFor?: string;
  readonly outcome?: AgentRunOutcome;
}

/** A step that failed. It is tried again by itself at `untilMs`, or when a person resumes the epic. */
export interface Stuck {
  readonly step: string;
  readonly reason: string;
  readonly tries: number;
  readonly untilMs?: number;
  /** The forge takes no more of us until then: nothing is wrong, and nobody can help. */
  readonly isLimit?: true;
}

/** A task's row that the epic owes: nobody else writes it while the task's workflow is not open. */
export interface TaskWrite {
  readonly taskId: string;
  readonly patch: TaskPatch;
  readonly entries: readonly LifecycleEntry[];
}

export type OwedMail = Pick<SendMailInput, 'mailId' | 'template'>;

/** What the factory heard last. It takes everybody to use all of its share that it wants, unless it is told more. */
export interface Asked {
  readonly wants: number;
  readonly inUse?: number;
  readonly slots: number;
  readonly held: boolean;
  readonly atMs: number;
}

export interface Epic {
  readonly constants: EpicConstants;
  readonly timing: EpicTiming;
  readonly state: EpicState;
  readonly phase: EpicPhase;
  readonly blockedReason?: string;
  readonly waitingFor?: string;
  readonly pausedBy: readonly PausedBy[];
  readonly revision: number;
  readonly slots: number;
  /** The factory's last word on its share that was heard: its number, and whether it is still to be answered. */
  readonly heard: { readonly nth: number; readonly owed: boolean };
  readonly asked?: Asked;
  readonly branchReady: boolean;
  readonly plan: EpicPlan;
  readonly tasks: readonly EpicTask[];
  /** Rows were added by the API: read them. */
  readonly refresh: boolean;
  readonly run?: EpicRun;
  /** Not before this is another run started; set after one was lost. */
  readonly nextRunAtMs?: number;
  readonly lostRuns: number;
  /** Mail that waits for a supervision run. */
  readonly inbox: readonly string[];
  readonly supervisionTries: number;
  /** Questions that one supervision has ended without answering. */
  readonly askedAgain?: readonly string[];
  /** Mail that goes on to a person: no supervision has answered it. */
  readonly handOn?: readonly string[];
  readonly landing: Landing;
  readonly pr?: { readonly number: number; readonly url: string | null };
  /** Lanes that are not open, by branch, in words. */
  readonly lanes: Readonly<Record<string, string>>;
  readonly stuck: readonly Stuck[];
  readonly cancel?: { readonly by: string; readonly reason?: string; readonly cleaned?: boolean };
  /** Decided; rows and mail are written out, then it ends. */
  readonly ended?: EpicOutcome;
  readonly admissionEnded: boolean;
  readonly log: LifecycleLog;
  readonly taskWrites: readonly TaskWrite[];
  readonly mail: readonly OwedMail[];
  /** Occasions that were mailed already. */
  readonly mailed: readonly string[];
  /** Message ids already applied. */
  readonly seen: readonly string[];
  /** What the row is known to say. */
  readonly shown: EpicPatch;
}

/** What pure rules get from the workflow's clock. */
export interface Clock {
  readonly nowMs: number;
  readonly newId: () => string;
}

export function taskOf(snapshot: TaskSnapshot, nowMs: number): EpicTask {
  const { taskId, title, state, priority, attempts, hasBranch, predictedFiles, dependsOn } = snapshot;
  return {
    id: taskId,
    title,
    state,
    priority,
    attempt: attempts,
    attempts,
    hasBranch,
    predictedFiles,
    dependsOn: dependsOn.map((edge) => ({ on: edge.taskId, type: edge.type, required: edge.required })),
    open: false,
    wantsSlot: false,
    granted: false,
    held: false,
    heardAtMs: nowMs,
    deaths: 0,
    cancelSent: false,
  };
}

/** A fresh epic, or one that the reconciler brought back: then its rows and the forge say how far it had come. */
export function openedEpic(facts: EpicFacts, timing: EpicTiming, nowMs: number): Epic {
  const { state, phase, pausedBy, revision, planVersion, appliedPlanVersion, prNumber, tasks, entry, ...constants } =
    facts;
  const isPast = state === 'IN_PROGRESS' || (state === 'BLOCKED' && phase !== 'planning');
  const applied = appliedPlanVersion ?? (isPast ? (planVersion ?? 0) : undefined);
  return {
    constants,
    timing,
    state,
    phase,
    // The parent set of an epic is the factory's alone, and the factory tells again.
    pausedBy,
    revision,
    slots: 0,
    heard: { nth: 0, owed: false },
    branchReady: constants.mergeTarget === 'base',
    plan: {
      tries: 0,
      errors: [],
      ...(planVersion === undefined ? {} : { version: planVersion }),
      ...(applied === undefined ? {} : { applied, approved: applied }),
    },
    tasks: tasks.map((task) => taskOf(task, nowMs)),
    refresh: false,
    lostRuns: 0,
    inbox: [],
    supervisionTries: 0,
    landing: restoredLanding(entry),
    ...(prNumber === undefined ? {} : { pr: { number: prNumber, url: null } }),
    lanes: {},
    stuck: [],
    admissionEnded: false,
    log: EMPTY_LOG,
    taskWrites: [],
    mail: [],
    mailed: [],
    seen: [],
    shown: { state, phase, pausedBy },
  };
}

/** Before its rows are read: what can be asked of it already, for handlers that must answer at once. */
export const unopenedEpic = (epicId: string, timing: EpicTiming): Epic =>
  openedEpic(
    {
      epicId,
      projectId: '',
      projectName: '',
      title: '',
      baseBranch: '',
      branch: '',
      state: 'PLANNING',
      phase: 'planning',
      pausedBy: [],
      revision: 0,
      priority: 3,
      approval: 'none',
      mergeTarget: 'epic',
      land: 'person',
      overlap: 'serialise',
      planner: 'given',
      maxParallelTasks: 1,
      createdBy: '',
      supervisorAgent: '',
      tasks: [],
    },
    timing,
    0,
  );

/** The state that an earlier run of this workflow carried over, if it is not the first. */
export const restore = (input: EpicInput): Epic | undefined => input.carried as Epic | undefined;

/** Files matter until a task is closed; without them the state of a large epic stays small. */
export const carry = (epic: Epic): Epic => ({
  ...epic,
  tasks: epic.tasks.map((task) => (isTerminalTask(task) ? { ...task, predictedFiles: [] } : task)),
});

const isTerminalTask = ({ state }: EpicTask): boolean => state === 'COMPLETED' || state === 'CANCELLED';

/** The row as it should be. */
export const rowOf = (epic: Epic): EpicPatch => ({
  state: epic.state,
  phase: epic.phase,
  // What has ended is held by nobody.
  pausedBy: epic.ended ? [] : epic.pausedBy,
  blockedReason: epic.blockedReason ?? null,
  waitingFor: epic.waitingFor ?? null,
  ...(epic.pr ? { prNumber: epic.pr.number } : {}),
  ...(epic.pr?.url ? { prUrl: epic.pr.url } : {}),
});

export const viewOf = (epic: Epic): EpicView => ({
  state: epic.state,
  phase: epic.phase,
  revision: epic.revision,
  pausedBy: epic.pausedBy,
  slots: epic.slots,
  tasks: Object.fromEntries(epic.tasks.map((task) => [task.id, task.state])),
  ...(epic.waitingFor === undefined ? {} : { waitingFor: epic.waitingFor }),
  ...(epic.blockedReason === undefined ? {} : { blockedReason: epic.blockedReason }),
  ...(epic.plan.version === undefined ? {} : { planVersion: epic.plan.version }),
  ...(epic.run ? { runId: epic.run.runId } : {}),
  ...(epic.pr ? { prNumber: epic.pr.number } : {}),
});

export const isOver = (epic: Epic): boolean => epic.ended !== undefined || isTerminal(EPIC_MACHINE, epic.state);

/** Cancelled, or landed while something still runs: children end, nothing new begins. */
export const isClosing = (epic: Epic): boolean => epic.cancel !== undefined || epic.landing.kind === 'landed';

/** Branch that its tasks land on. */
export const targetBranch = ({ constants }: Epic): string =>
  constants.mergeTarget === 'epic' ? constants.branch : constants.baseBranch;

export const needsApproval = ({ constants, plan }: Epic): boolean =>
  constants.approval !== 'none' && plan.version !== undefined && plan.approved !== plan.version;

/** A person lands its pull request. */
export const landsByPerson = ({ constants }: Epic): boolean =>
  constants.land === 'person' || constants.approval === 'all';

export const withTask = (epic: Epic, id: string, change: Partial<EpicTask>): Epic => ({
  ...epic,
  tasks: epic.tasks.map((task) => (task.id === id ? { ...task, ...change } : task)),
});
