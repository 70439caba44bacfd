// What happens to an epic's tasks. Pure.
import { backoffMs } from '../../domain/epic-timing.js';
import type { Refusal } from '../../domain/failures.js';
import { allClosed } from '../../domain/plan/readiness.js';
import { canBecome, isTaskClosed, TASK_MACHINE, type TaskState } from '../../domain/states.js';
import type { TaskPatch, TaskSnapshot } from '../contract/activities/store.js';
import type { TaskChanged } from '../contract/epic.js';
import type { TaskOutcome } from '../contract/task.js';
import { transitionEntry } from '../support/lifecycle-log.js';
import { type Epic, type EpicTask, isOver, taskOf, withTask } from './epic.state.js';
import { isLanding, lookAgain } from './landing.js';

export const findTask = (epic: Epic, taskId: string): EpicTask | undefined =>
  epic.tasks.find((task) => task.id === taskId);

export const tasksClosed = (epic: Epic): boolean => allClosed(epic.tasks);
export const failedTasks = (epic: Epic): readonly EpicTask[] => epic.tasks.filter(({ state }) => state === 'FAILED');
export const landedTasks = (epic: Epic): readonly EpicTask[] => epic.tasks.filter(({ state }) => state === 'COMPLETED');

/** What a task says of itself. News of an earlier life, or after its end, is dropped. */
export function taskChanged(epic: Epic, news: TaskChanged, nowMs: number): Epic {
  const task = findTask(epic, news.taskId);
  if (!task || news.attempt < task.attempt) return epic;
  if (isTaskClosed(task.state) && news.attempt === task.attempt && !task.open) return epic;
  const closed = isTaskClosed(news.state);
  const wantsSlot = news.wantsSlot && !closed;
  return withTask(epic, news.taskId, {
    state: news.state,
    attempt: news.attempt,
    attempts: Math.max(task.attempts, news.attempts ?? news.attempt),
    open: !closed,
    wantsSlot,
    // Told once more that it waits: what it was given has not reached it, and is given again.
    granted: task.granted && wantsSlot && !isRepeat(task, news),
    ...(wantsSlot ? { wantedIn: news.state } : {}),
    hasBranch: news.hasBranch,
    heardAtMs: nowMs,
    deaths: 0,
    reason: news.reason ?? '',
  });
}

/** A task repeats itself only while it waits for a slot. */
const isRepeat = (task: EpicTask, news: TaskChanged): boolean =>
  news.wantsSlot &&
  task.wantsSlot &&
  task.wantedIn === news.state &&
  task.hasBranch === news.hasBranch &&
  task.attempts === (news.attempts ?? news.attempt) &&
  (task.reason ?? '') === (news.reason ?? '');

/** Its workflow is over. `undefined`: it died without an outcome, and is started again with the same attempt. */
export function taskEnded(
  epic: Epic,
  ended: { readonly taskId: string; readonly attempt: number; readonly outcome: TaskOutcome | undefined },
  nowMs: number,
): Epic {
  const task = findTask(epic, ended.taskId);
  if (!task?.open || task.attempt !== ended.attempt) return epic;
  const state = closedState(ended.outcome);
  if (state) return withTask(epic, task.id, { state, open: false, wantsSlot: false, granted: false });
  const deaths = task.deaths + 1;
  // A row that has gone on without us is read again: the next life must not begin before it.
  const rows = ended.outcome?.kind === 'ended' ? { ...epic, refresh: true } : epic;
  return withTask(rows, task.id, {
    open: false,
    wantsSlot: false,
    granted: false,
    held: false,
    cancelSent: false,
    attempt: task.attempts,
    deaths,
    startAfterMs: nowMs + (deaths === 1 ? 0 : backoffMs(epic.timing, deaths - 1)),
  });
}

function closedState(outcome: TaskOutcome | undefined): TaskState | undefined {
  if (!outcome) return undefined;
  if (outcome.kind === 'completed') return 'COMPLETED';
  if (outcome.kind === 'failed') return 'FAILED';
  if (outcome.kind === 'cancelled') return 'CANCELLED';
  const state = Object.keys(TASK_MACHINE).find((one) => one === outcome.state) as TaskState | undefined;
  return state && isTaskClosed(state) ? state : undefined;
}

/** Begun, not closed, and without a workflow: it died, or an engine's store was lost. It needs no slot to come back. */
export const lostTasks = (epic: Epic, nowMs: number): readonly EpicTask[] =>
  epic.tasks.filter(
    (task) => !task.open && task.state !== 'PENDING' && !isTaskClosed(task.state) && (task.startAfterMs ?? 0) <= nowMs,
  );

/** The child is about to be started. With a slot it works at once; otherwise it says whether it wants one. */
export const taskStarting = (epic: Epic, id: string, withSlot: boolean, nowMs: number): Epic => ({
  ...epic,
  tasks: epic.tasks.map((task) => (task.id === id ? starting(task, withSlot, nowMs) : task)),
});

function starting({ wantedIn: _, ...task }: EpicTask, withSlot: boolean, nowMs: number): EpicTask {
  return {
    ...task,
    open: true,
    wantsSlot: withSlot,
    granted: withSlot,
    held: false,
    cancelSent: false,
    heardAtMs: nowMs,
  };
}

/** Rows that the API or a plan made or changed. What has a workflow is left as it is. */
export function withRows(epic: Epic, rows: readonly TaskSnapshot[], nowMs: number): Epic {
  const known = new Map(epic.tasks.map((task) => [task.id, task]));
  const tasks = rows.map((row) => {
    const task = known.get(row.taskId);
    const fresh = taskOf(row, nowMs);
    if (!task) return fresh;
    const { title, priority, predictedFiles, dependsOn } = fresh;
    // The state of a known task is the epic's own knowledge, but for what an edited plan did to the row.
    const begun = task.open || (isTaskClosed(task.state) && task.state !== 'CANCELLED' && task.state !== 'SKIPPED');
    const attempts = Math.max(task.attempts, row.attempts);
    if (begun) return { ...task, title, attempts };
    return { ...task, title, priority, predictedFiles, dependsOn, attempt: attempts, attempts, state: row.state };
  });
  const kept = epic.tasks.filter((task) => !rows.some((row) => row.taskId === task.id));
  return { ...epic, tasks: [...tasks, ...kept] };
}

/** Writes a task whose workflow is not open, with the decision that goes with it. */
export function writeTask(
  epic: Epic,
  task: EpicTask,
  to: TaskState,
  why: { readonly reason: string; readonly atMs: number; readonly by?: string; readonly patch?: TaskPatch },
): Epic {
  if (!canBecome(TASK_MACHINE, task.state, to)) throw new Error(`task ${task.id}: ${task.state} cannot become ${to}`);
  const { reason, atMs, by } = why;
  const number = epic.log.nextNumber;
  const entry = transitionEntry({ species: 'task', from: task.state, to, reason, atMs, ...(by ? { by } : {}) });
  const write = {
    taskId: task.id,
    patch: { state: to, waitingFor: null, ...why.patch },
    entries: [{ ...entry, number }],
  };
  return {
    ...withTask(epic, task.id, { state: to, reason: to === 'PENDING' ? '' : reason }),
    log: { ...epic.log, nextNumber: number + 1 },
    taskWrites: [...epic.taskWrites, write],
  };
}

export function whyNotRetryTask(epic: Epic, taskId: string): Refusal | undefined {
  const task = findTask(epic, taskId);
  if (!task) return { type: 'NotFound', message: 'The epic has no such task.' };
  if (isOver(epic) || epic.cancel)
    return { type: 'InvalidState', message: 'The epic has ended or is being cancelled.' };
  if (task.state !== 'FAILED')
    return {
      type: 'InvalidState',
      message: `Only a FAILED task is retried; this one is ${task.state}${task.state === 'BLOCKED' ? ': resume it' : ''}.`,
    };
  return undefined;
}

/** The next life of a failed task. Its skipped dependants come back by the rule of dependencies. */
export function retryTask(epic: Epic, taskId: string, by: string, atMs: number): Epic {
  const task = findTask(epic, taskId);
  if (task?.state !== 'FAILED') return epic;
  const attempt = task.attempts + 1;
  const patch: TaskPatch = { attempts: attempt, failureReason: null, blockedReason: null };
  const written = writeTask(epic, task, 'PENDING', { reason: `retried by ${by}`, atMs, by, patch });
  return withTask(written, taskId, {
    attempt,
    attempts: attempt,
    deaths: 0,
    startAfterMs: 0,
    cancelSent: false,
    held: false,
  });
}

export const whyNotCancelTask = (epic: Epic, taskId: string): Refusal | undefined => {
  const task = findTask(epic, taskId);
  if (!task) return { type: 'NotFound', message: 'The epic has no such task.' };
  if (isOver(epic)) return { type: 'InvalidState', message: 'The epic has ended.' };
  if (task.open) return { type: 'InvalidState', message: 'The task is at work: cancel the task itself.' };
  if (!canBecome(TASK_MACHINE, task.state, 'CANCELLED'))
    return { type: 'InvalidState', message: `A ${task.state} task cannot be cancelled.` };
  return undefined;
};

export function cancelTask(epic: Epic, taskId: string, by: string, atMs: number): Epic {
  const task = findTask(epic, taskId);
  if (!task || whyNotCancelTask(epic, taskId)) return epic;
  return writeTask(epic, task, 'CANCELLED', { reason: `cancelled by ${by}`, atMs, by });
}

export const whyNotAddTask = (epic: Epic): Refusal | undefined => {
  if (isOver(epic) || epic.cancel)
    return { type: 'InvalidState', message: 'The epic has ended or is being cancelled.' };
  if (isLanding(epic)) return { type: 'InvalidState', message: 'The epic’s pull request is being landed.' };
  return undefined;
};

export const addTask = (epic: Epic): Epic => lookAgain({ ...epic, refresh: true });
