import { canBecome, isTaskClosed, TASK_MACHINE, type TaskState } from '../../../domain/states.js';
import { forged, held, mailed, resumed, runSaid, whyNotPause, whyNotResume } from '../../../workflows/task/controls.js';
import { nextStep, settle } from '../../../workflows/task/next-step.js';
import { become, carry, restore, shownOf, type TaskFlow } from '../../../workflows/task/task.state.js';
import { wantsSlot } from '../../../workflows/task/wants-slot.js';
import type { Chance } from '../chance.js';
import { must, type Story, type World } from '../world.js';
import { done, runOutcomes, WAITS } from './answers.js';
import { INPUT, MESSAGES, message, tellAll } from './messages.js';

const PATIENCE = 600;
/** Place of the agent's own failure among the outcomes of a run. */
const AGENT_FAULT = 3;

/** The task's own rules in a world that answers anything, and at last the good way. */
class TaskWorld {
  private nowMs = 1_000;
  private task = restore(INPUT);
  private readonly isAgentBad: boolean;

  constructor(
    private readonly chance: Chance,
    private readonly story: Story,
  ) {
    this.isAgentBad = chance.is(0.1);
  }

  run(): void {
    for (let left = 10 + this.chance.below(120); left > 0 && !this.isOver; left--) this.happen();
    this.story.tell('from here on everybody helps');
    for (let left = PATIENCE; left > 0 && !this.isOver; left--) this.help();
    must(
      this.isOver,
      'with everybody’s help it ends',
      () => `${this.task.stage.kind}: ${shownOf(this.task).waitingFor}`,
    );
    this.lookAtEnd();
  }

  private get isOver(): boolean {
    return this.task.stage.kind === 'end';
  }

  private happen(): void {
    this.nowMs += 100;
    if (this.isAgentBad && this.task.stage.kind === 'running') {
      this.failRun();
      return;
    }
    // Mostly the good way, else few would get far.
    const choice = this.chance.is(0.4) ? this.chance.below(41) : 0;
    if (this.chance.is(0.4)) {
      const kind = this.chance.below(MESSAGES.length);
      this.story.tell(`${MESSAGES[kind]} ${choice}`);
      this.change(message(this.task, kind, choice, this.nowMs));
      this.change(settle(this.task, this.nowMs));
    } else this.act(choice);
    if (this.chance.is(0.05)) this.task = JSON.parse(JSON.stringify(carry(this.task))) as TaskFlow;
    this.change(tellAll(this.task, this.nowMs));
    this.look();
  }

  private failRun(): void {
    this.story.tell('the agent ends badly');
    const { run } = this.task;
    const said = { runId: run?.runId ?? '', state: 'failed', outcome: runOutcomes(AGENT_FAULT) } as const;
    this.change(runSaid(this.task, said, this.nowMs));
    this.change(tellAll(this.task, this.nowMs));
    this.look();
  }

  private act(choice: number): void {
    this.change(settle(this.task, this.nowMs));
    const step = nextStep(this.task, this.nowMs, WAITS);
    if (step.kind === 'wait') {
      if (step.untilMs !== undefined) this.nowMs = Math.max(this.nowMs, step.untilMs);
      return;
    }
    this.story.tell(`${step.kind} ${choice}`);
    this.change(done(this.task, step, { choice, nowMs: this.nowMs }));
  }

  /** Holds end, questions are answered, runs complete, the queue lands. */
  private help(): void {
    this.nowMs += 100;
    const by = 'ada';
    this.change(held(held(this.task, { by: 'parent', on: false }), { by: 'factory', on: false }));
    if (!whyNotResume(this.task, { by })) this.change(resumed(this.task, { by }));
    this.act(0);
    const { stage, run, entry } = this.task;
    if (stage.kind === 'running' && run) {
      const said = { runId: run.runId, state: 'completed', outcome: runOutcomes(0) } as const;
      this.change(runSaid(this.task, said, this.nowMs));
    }
    if (stage.kind === 'queued' && entry)
      this.change(forged(this.task, { kind: 'entryLanded', entryId: entry.entryId, prNumber: 7, mergeSha: 'm' }));
    if (this.task.cancel && entry)
      this.change(forged(this.task, { kind: 'entryWithdrawn', entryId: entry.entryId, prNumber: 7, by }));
    this.change(tellAll(this.task, this.nowMs));
    this.look();
  }

  private change(next: TaskFlow): void {
    const before = this.task;
    this.task = become(before, next, { nowMs: this.nowMs, reason: 'simulated' });
    for (const { type, data } of this.task.log.pending.slice(before.log.pending.length)) {
      if (type !== 'task.state') continue;
      const [from, to] = [String(data?.from) as TaskState, String(data?.to) as TaskState];
      must(canBecome(TASK_MACHINE, from, to), 'only steps of the table', () => `${from} → ${to}`);
    }
    const last = this.task.log.pending.findLast(({ type }) => type === 'task.state');
    must(
      last === undefined || last.data?.to === this.task.state,
      'the log says what the state is',
      () => `${last?.data?.to} and ${this.task.state}`,
    );
  }

  private look(): void {
    const { task } = this;
    const idle = nextStep(settle(task, this.nowMs), this.nowMs, WAITS);
    const isQuiet = !this.isOver && idle.kind === 'wait' && idle.untilMs === undefined;
    must(!isQuiet || Boolean(shownOf(task).waitingFor), 'who waits says for whom', () => task.stage.kind);
    must(task.attempts <= 5, 'five attempts at most', () => String(task.attempts));
    must(task.slots === 0 || wantsSlot(task), 'a slot is held only for a run', () => `${task.stage.kind}`);
    must(!(task.cancel && task.landed && task.state === 'CANCELLED'), 'what landed is completed', () => task.state);
  }

  /** Nothing that is said to an ended task changes it. */
  private lookAtEnd(): void {
    const ended = this.task.state;
    must(isTaskClosed(ended), 'an end is an end', () => ended);
    must(whyNotPause(this.task, { by: 'ada' }) !== undefined, 'an ended task takes no controls', () => ended);
    for (const kind of MESSAGES.keys()) this.change(settle(message(this.task, kind, 0, this.nowMs), this.nowMs));
    this.change(settle(mailed(this.task, { mailId: 'late' }), this.nowMs));
    must(this.task.state === ended, 'terminal is terminal', () => `${ended} became ${this.task.state}`);
  }
}

export const taskWorld: World = {
  name: 'task',
  seeds: 2_500,
  run: (chance, story) => new TaskWorld(chance, story).run(),
};
