// An epic in memory: its real rules and drivers, with a world that does what a test (or chance) says.
import { epicTiming } from '../../domain/epic-timing.js';
import { isTaskClosed, type TaskState } from '../../domain/states.js';
import type { EpicFacts, TaskSnapshot } from '../../workflows/contract/activities/store.js';
import type { AgentRunOutcome } from '../../workflows/contract/agent-run.js';
import type { AskAdmission } from '../../workflows/contract/factory.js';
import type { QueueForgeEvent } from '../../workflows/contract/forge-event.js';
import type { EnqueueOutcome } from '../../workflows/contract/merge-queue.js';
import { admitted } from '../../workflows/epic/controls.js';
import { carry, type Epic, type EpicRun, openedEpic } from '../../workflows/epic/epic.state.js';
import { nextStep } from '../../workflows/epic/next-step.js';
import { performRun, type RunPorts } from '../../workflows/epic/run-steps.js';
import { nextRunStep, runChanged, runEnded } from '../../workflows/epic/runs.js';
import { settle } from '../../workflows/epic/settle.js';
import type { StepPorts } from '../../workflows/epic/step-ports.js';
import { perform } from '../../workflows/epic/steps.js';
import { taskChanged, taskEnded } from '../../workflows/epic/tasks.js';

export type Edges = Readonly<Record<string, readonly string[]>>;
const HOST = { hostQueue: 'h', treeId: 't' };

interface Child {
  readonly attempt: number;
  slots: number;
  held: boolean;
  state: TaskState;
}

const snapshot = (taskId: string, on: readonly string[]): TaskSnapshot => ({
  taskId,
  title: taskId,
  state: 'PENDING',
  priority: 3,
  attempts: 1,
  hasBranch: false,
  predictedFiles: [],
  dependsOn: on.map((other) => ({ taskId: other, type: 'finish_to_start', required: true })),
});

export class EpicSim {
  epic: Epic;
  nowMs = 1_000_000;
  readonly children = new Map<string, Child>();
  readonly queue: QueueForgeEvent[] = [];
  readonly states: string[] = [];
  readonly numbers: number[] = [];
  readonly mail: string[] = [];
  enqueued: string | undefined;
  /** What the queue answers to an admission, instead of taking it. */
  admission: EnqueueOutcome | undefined;
  run: Pick<EpicRun, 'runId' | 'kind'> | undefined;
  /** Slots that the factory gives, whatever is asked. */
  slots = 10;
  /** Hears the asks instead, and answers when it likes. */
  factory: ((ask: AskAdmission) => void) | undefined;
  isFactoryGone = false;
  /** Happens while a run's tree is taken. */
  taking: (() => void) | undefined;
  /** Runs whose tree was given back. */
  readonly released: string[] = [];
  /** Mail that was sent after a run. */
  readonly forwarded: string[] = [];
  /** Hears what the queue is told, and says whether anybody was there. */
  hearing: ((event: QueueForgeEvent) => 'told' | 'gone') | undefined;
  private ids = 0;
  private rows: TaskSnapshot[];

  constructor(plan: Edges, facts: Partial<EpicFacts> = {}) {
    this.rows = Object.entries(plan).map(([key, on]) => snapshot(key, on));
    const base: EpicFacts = {
      epicId: 'e',
      projectId: 'p',
      projectName: 'sample',
      title: 'An epic',
      baseBranch: 'main',
      branch: 'epic',
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
      planVersion: 1,
      tasks: [],
    };
    this.epic = settle(openedEpic({ ...base, ...facts }, epicTiming('brisk'), this.nowMs), this.clock);
  }

  readonly clock = {
    now: () => this.nowMs,
    get nowMs() {
      return this.now();
    },
    newId: () => {
      this.ids += 1;
      return `id-${this.ids}`;
    },
  };

  readonly change = (next: (epic: Epic) => Epic): void => {
    this.epic = settle(next(this.epic), this.clock);
    // What crosses a continuation is plain JSON.
    this.epic = JSON.parse(JSON.stringify(carry(this.epic))) as Epic;
  };

  /** Lets the epic do all it can do now. */
  async drain(): Promise<void> {
    const stage = { clock: this.clock, epic: () => this.epic, change: this.change };
    for (let steps = 0; ; steps += 1) {
      if (steps > 2_000) throw new Error(`it never rests: ${JSON.stringify(nextStep(this.epic, this.nowMs))}`);
      const step = nextStep(this.epic, this.nowMs);
      if (step) {
        await perform(step, { ...stage, ports: this.ports });
        continue;
      }
      const runStep = nextRunStep(this.epic, this.nowMs);
      if (!runStep) return;
      await performRun(runStep, this.runs, stage);
    }
  }

  say(taskId: string, state: TaskState): void {
    const child = this.children.get(taskId);
    if (!child) return;
    child.state = state;
    const closed = isTaskClosed(state);
    if (closed) this.children.delete(taskId);
    const wantsSlot = !closed && state !== 'BLOCKED' && state !== 'REVIEW';
    const news = { taskId, attempt: child.attempt, attempts: child.attempt, state, wantsSlot, hasBranch: closed };
    this.change((epic) => taskChanged(epic, news, this.nowMs));
  }

  die(taskId: string): void {
    const child = this.children.get(taskId);
    if (!child) return;
    this.children.delete(taskId);
    this.change((epic) => taskEnded(epic, { taskId, attempt: child.attempt, outcome: undefined }, this.nowMs));
  }

  endRun(outcome: AgentRunOutcome | undefined): void {
    const { run } = this;
    if (!run) return;
    this.run = undefined;
    this.change((epic) =>
      outcome
        ? runChanged(epic, { runId: run.runId, state: 'completed', outcome }, this.nowMs)
        : runEnded(epic, run.runId, undefined),
    );
  }

  /** A child that has a slot and is not held. */
  workers(): readonly string[] {
    return [...this.children].filter(([, child]) => child.slots > 0 && !child.held).map(([id]) => id);
  }

  private readonly ports: StepPorts = {
    saveEpic: async (patch, entries) => {
      if (patch.state) this.states.push(patch.state);
      this.numbers.push(...entries.map(({ number }) => number));
      return { revision: this.epic.revision + 1 };
    },
    saveTask: async ({ entries }) => void this.numbers.push(...entries.map(({ number }) => number)),
    handOnMail: async () => undefined,
    sendMail: async ({ template }) => void this.mail.push(template.kind),
    applyPlan: async () => this.rows,
    listTasks: async () => this.rows,
    addIntegrationTask: async (taskId) => {
      const row = snapshot(taskId, []);
      this.rows = [...this.rows, row];
      return row;
    },
    createBranch: async () => undefined,
    readTip: async () => 'head',
    isContained: async () => false,
    openPullRequest: async () => ({ number: 7, url: null }),
    closePullRequest: async () => undefined,
    enqueue: async ({ entryId }) => {
      this.enqueued = entryId;
      return this.admission ?? { kind: 'accepted', entryId, seq: 1 };
    },
    deleteMergedBranch: async () => true,
    dropBranch: async () => undefined,
    describe: async (ids) => ids.map((workflowId) => ({ workflowId, state: 'open' })),
    startTask: async ({ id, attempt, state }, admitted) => {
      if (this.epic.pausedBy.length > 0) throw new Error('a paused epic starts nothing');
      if (this.children.has(id)) return 'exists';
      this.children.set(id, { attempt, slots: admitted ? 1 : 0, held: false, state });
      return 'started';
    },
    admit: async (id) => {
      const child = this.children.get(id);
      if (child) child.slots = 1;
      return child ? 'told' : 'gone';
    },
    hold: async (workflowId, on) => {
      const child = this.children.get(workflowId.replace('task/', ''));
      if (child) child.held = on;
      return 'told';
    },
    cancelTask: async (id) => {
      if (!this.children.has(id)) return 'gone';
      this.say(id, 'CANCELLED');
      return 'told';
    },
    askFactory: async (ask) => {
      if (this.isFactoryGone) return 'gone';
      if (this.factory) this.factory(ask);
      else this.change((epic) => admitted(epic, { slots: Math.min(ask.wants, this.slots) }));
      return 'told';
    },
    leaveFactory: async () => 'told',
    tellQueue: async (event) => {
      this.queue.push(event);
      return this.hearing?.(event) ?? 'told';
    },
  };

  private readonly runs: RunPorts = {
    takeTree: async () => {
      this.taking?.();
      return HOST;
    },
    releaseTree: async (runId) => void this.released.push(runId),
    startRun: async (run) => {
      this.run = run;
      return 'started';
    },
    stopRun: async () => {
      this.endRun({ kind: 'cancelled', host: HOST });
      return 'told';
    },
    forwardMail: async (_, mailId) => {
      this.forwarded.push(mailId);
      return 'told';
    },
  };
}
