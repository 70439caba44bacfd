// The driver: carries out one step. Everything with an effect is injected; what follows from an answer is state.
import { backoffMs } from '../../domain/epic-timing.js';
import { epicWorkflowId, runWorkflowId, taskWorkflowId } from '../contract/ids.js';
import { stored } from '../support/lifecycle-log.js';
import { type Clock, type Epic, withTask } from './epic.state.js';
import * as landing from './landing-effects.js';
import type { Step } from './next-step.js';
import { handedOn, runEnded } from './runs.js';
import type { StepPorts } from './step-ports.js';
import { findTask, taskEnded, taskStarting, withRows } from './tasks.js';

export interface Stage {
  readonly ports: StepPorts;
  readonly clock: Clock;
  /** The state as it is now: handlers change it while a step waits. */
  readonly epic: () => Epic;
  readonly change: (next: (epic: Epic) => Epic) => void;
}

export async function perform(step: Step, stage: Stage): Promise<void> {
  const { ports, change, clock, epic } = stage;
  switch (step.kind) {
    case 'save': {
      const { revision } = await ports.saveEpic(step.patch, step.entries);
      return change((now) => ({
        ...now,
        revision,
        shown: { ...now.shown, ...step.patch },
        log: stored(now.log, step.entries),
      }));
    }
    case 'writeTask':
      await ports.saveTask(step.write);
      return change((now) => ({ ...now, taskWrites: now.taskWrites.filter((one) => one !== step.write) }));
    case 'mail':
      await ports.sendMail(step.mail);
      return change((now) => ({ ...now, mail: now.mail.filter(({ mailId }) => mailId !== step.mail.mailId) }));
    case 'handOn':
      await ports.handOnMail(step.mailIds);
      return change((now) => handedOn(now, step.mailIds));
    case 'hold':
      return holdChildren(step, stage);
    case 'ask':
      return ask(step, stage);
    case 'createBranch':
      if (epic().constants.mergeTarget === 'epic') await ports.createBranch();
      return change((now) => ({ ...now, branchReady: true }));
    case 'applyPlan': {
      const rows = await ports.applyPlan(step.version);
      return change((now) => ({
        ...withRows(now, rows, clock.nowMs),
        plan: { ...now.plan, applied: step.version, approved: step.version },
      }));
    }
    case 'readTasks': {
      change((now) => ({ ...now, refresh: false }));
      const rows = await ports.listTasks();
      return change((now) => withRows(now, rows, clock.nowMs));
    }
    case 'lookAfter':
      return lookAfter(step.workflowIds, stage);
    case 'start':
      return startTasks(step, stage);
    case 'cancelTasks':
      return cancelTasks(step.taskIds, stage);
    case 'endAdmission':
      await ports.leaveFactory();
      return change((now) => ({ ...now, admissionEnded: true }));
    default:
      return landing.performLanding(step, stage);
  }
}

async function holdChildren(step: Extract<Step, { kind: 'hold' }>, { ports, change, epic }: Stage): Promise<void> {
  const { on } = step;
  const run = epic().run;
  change((now) => ({
    ...now,
    tasks: now.tasks.map((task) => (step.taskIds.includes(task.id) ? { ...task, held: on } : task)),
    ...(now.run && step.run ? { run: { ...now.run, held: on } } : {}),
  }));
  const ids = [...step.taskIds.map(taskWorkflowId), ...(step.run && run ? [runWorkflowId(run.runId)] : [])];
  await Promise.all(ids.map((id) => ports.hold(id, on)));
}

async function ask(
  { ask: wish }: Extract<Step, { kind: 'ask' }>,
  { ports, change, clock, epic }: Stage,
): Promise<void> {
  const { constants, asked, heard } = epic();
  const workflowId = epicWorkflowId(constants.epicId);
  // Before the ask: the answer may arrive before its delivery is confirmed, and is measured against it.
  change((now) => ({
    ...now,
    slots: Math.min(now.slots, wish.wants),
    heard: { ...now.heard, owed: false },
    asked: { ...wish, atMs: clock.nowMs },
  }));
  const counted = asked ? { heard: heard.nth } : {};
  const told = await ports.askFactory({ workflowId, priority: constants.priority, ...counted, ...wish });
  if (told === 'told') return;
  // A factory that is not there yet is asked again after a while, by the rule for stale asks.
  const { silentMs, retryMs } = epic().timing;
  change((now) => ({ ...now, asked: { ...wish, atMs: clock.nowMs - silentMs + retryMs } }));
}

/** Who is still open has merely had nothing to say. */
async function lookAfter(workflowIds: readonly string[], { ports, change, clock }: Stage): Promise<void> {
  const found = await ports.describe(workflowIds);
  const { nowMs } = clock;
  for (const { workflowId, state } of found) {
    change((now) => {
      const task = now.tasks.find(({ id }) => taskWorkflowId(id) === workflowId);
      if (task && state === 'open') return withTask(now, task.id, { heardAtMs: nowMs });
      if (task) return taskEnded(now, { taskId: task.id, attempt: task.attempt, outcome: undefined }, nowMs);
      const { run } = now;
      if (!run || runWorkflowId(run.runId) !== workflowId) return now;
      return state === 'open' ? { ...now, run: { ...run, heardAtMs: nowMs } } : runEnded(now, run.runId, undefined);
    });
  }
}

async function startTasks(
  step: Extract<Step, { kind: 'start' }>,
  { ports, change, clock, epic }: Stage,
): Promise<void> {
  const { nowMs } = clock;
  const withSlot = new Set([...step.start, ...step.grant]);
  // Before the first await: what a child says may arrive before its start is confirmed.
  for (const id of step.grant) change((now) => withTask(now, id, { granted: true }));
  for (const id of [...step.start, ...step.again]) change((now) => taskStarting(now, id, withSlot.has(id), nowMs));
  const start = async (id: string): Promise<void> => {
    const task = findTask(epic(), id);
    if (!task) return;
    const runs = step.grant.includes(id);
    const answer = runs ? 'exists' : await ports.startTask(task, withSlot.has(id));
    // Whoever is started with a slot knows it from its input.
    const gone = answer === 'exists' && withSlot.has(id) ? (await ports.admit(id)) === 'gone' : false;
    // The id was taken by a life that is just closing: look again soon instead of believing it.
    if (gone) change((now) => taskEnded(now, { taskId: id, attempt: task.attempt, outcome: undefined }, nowMs));
    else if (answer === 'exists' && !runs) change((now) => withTask(now, id, { heardAtMs: soon(now, nowMs) }));
  };
  await Promise.all([...withSlot, ...step.again].map(start));
}

/** A time of the last sign of life that makes it silent after one short wait. */
const soon = ({ timing }: Epic, nowMs: number): number => nowMs - timing.silentMs + backoffMs(timing, 1);

async function cancelTasks(taskIds: readonly string[], { ports, change, clock, epic }: Stage): Promise<void> {
  for (const id of taskIds) change((now) => withTask(now, id, { cancelSent: true }));
  const cancel = async (id: string): Promise<void> => {
    if ((await ports.cancelTask(id)) === 'told') return;
    const attempt = findTask(epic(), id)?.attempt ?? 0;
    change((now) => taskEnded(now, { taskId: id, attempt, outcome: undefined }, clock.nowMs));
  };
  await Promise.all(taskIds.map(cancel));
}
