// Which tasks of an epic may work next, within its slots.
import { readySet, type TaskNode } from './plan/readiness.js';
import { isTaskClosed } from './states.js';

export interface SchedulableTask extends TaskNode {
  /** 1 (first) to 5. */
  readonly priority: number;
  /** A commit was pushed: unfinished work goes before fresh work. */
  readonly hasBranch: boolean;
  readonly predictedFiles: readonly string[];
  /** Its workflow runs. */
  readonly open: boolean;
  /** Open, and has or waits for a run that needs a slot. */
  readonly wantsSlot: boolean;
  /** Holds a slot. */
  readonly granted: boolean;
  /** Not to be started before; set after its workflow died. */
  readonly startAfterMs?: number;
}

export interface SlotRules {
  readonly slots: number;
  readonly overlap: 'serialise' | 'allow';
  readonly nowMs: number;
}

export interface Allocation {
  /** Open tasks that get a slot. */
  readonly grant: readonly string[];
  /** Ready tasks to start, each with a slot. */
  readonly start: readonly string[];
}

/** Slots that are taken: a granted task keeps its slot until it says that it needs none. */
export const slotsInUse = (tasks: readonly SchedulableTask[]): number => tasks.filter((task) => task.granted).length;

/** Hands free slots out: tasks with a branch first, then by priority, then in the plan's order. */
export function allocateSlots(tasks: readonly SchedulableTask[], rules: SlotRules): Allocation {
  const grant: string[] = [];
  const start: string[] = [];
  const working = tasks.filter(keepsFiles);
  for (const task of inOrder(candidates(tasks, rules.nowMs))) {
    if (slotsInUse(tasks) + grant.length + start.length >= rules.slots) break;
    if (task.open) grant.push(task.id);
    else if (rules.overlap === 'allow' || !working.some((other) => touchesSameFiles(task, other))) {
      start.push(task.id);
      working.push(task);
    }
  }
  return { grant, start };
}

/** Slots that the tasks could use at once, those they hold included. */
export function slotsWanted(tasks: readonly SchedulableTask[], rules: Omit<SlotRules, 'slots'>): number {
  const { grant, start } = allocateSlots(tasks, { ...rules, slots: Number.POSITIVE_INFINITY });
  return slotsInUse(tasks) + grant.length + start.length;
}

const candidates = (tasks: readonly SchedulableTask[], nowMs: number): readonly SchedulableTask[] => [
  ...tasks.filter((task) => task.open && task.wantsSlot && !task.granted),
  ...readySet(tasks).filter((task) => !task.open && (task.startAfterMs ?? 0) <= nowMs),
];

const inOrder = (tasks: readonly SchedulableTask[]): readonly SchedulableTask[] =>
  tasks.toSorted((a, b) => Number(b.hasBranch) - Number(a.hasBranch) || a.priority - b.priority);

/** Its files are being changed. A BLOCKED task may wait for a person for days: it keeps nobody from working. */
const keepsFiles = (task: SchedulableTask): boolean =>
  task.open && !isTaskClosed(task.state) && task.state !== 'BLOCKED';

const touchesSameFiles = (a: SchedulableTask, b: SchedulableTask): boolean =>
  a.id !== b.id && a.predictedFiles.some((one) => b.predictedFiles.some((other) => overlaps(one, other)));

/** Equal paths, or one is a folder (or the fixed part of a glob) above the other. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [fixedPart(one), fixedPart(other)];
  return a === b || a === '' || b === '' || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

function fixedPart(path: string): string {
  const wild = path.search(/[*?[{]/);
  const fixed = wild < 0 ? path : path.slice(0, path.lastIndexOf('/', wild) + 1);
  return fixed
    .replace(/^(\.?\/)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');
}
