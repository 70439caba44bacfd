import { isTaskClosed, type TaskState } from '../states.js';
import { type GraphEdge, type GraphNode, topologicalOrder } from './graph.js';

export interface TaskNode extends GraphNode {
  readonly state: TaskState;
}

/** What a dependency means for the task that waits for it. */
export type DependencyVerdict = 'met' | 'open' | 'dead';

const STARTED: readonly TaskState[] = ['IN_PROGRESS', 'REVIEW', 'COMPLETED'];
const DEAD: readonly TaskState[] = ['FAILED', 'CANCELLED', 'SKIPPED'];

/**
 * `dead`: required, and it failed, was cancelled or skipped. One that is not required is met by any end. A BLOCKED one
 * is open: somebody will unblock it. A dependency that is not in the graph any more is met.
 */
export function judgeDependency(edge: GraphEdge, state: TaskState | undefined): DependencyVerdict {
  if (state === undefined || state === 'COMPLETED') return 'met';
  if (DEAD.includes(state)) return edge.required ? 'dead' : 'met';
  if (edge.type === 'start_to_start' && STARTED.includes(state)) return 'met';
  return 'open';
}

/** PENDING tasks all of whose dependencies are met, in the list's order. */
export function readySet<T extends TaskNode>(tasks: readonly T[]): readonly T[] {
  const states = new Map(tasks.map((task) => [task.id, task.state]));
  return tasks.filter(
    (task) =>
      task.state === 'PENDING' && task.dependsOn.every((edge) => judgeDependency(edge, states.get(edge.on)) === 'met'),
  );
}

export interface SkipChange {
  readonly id: string;
  readonly to: 'SKIPPED' | 'PENDING';
  /** The dead dependency, for a skip. */
  readonly because?: string;
}

/**
 * Which tasks must be skipped for a dead dependency, and which skipped ones come back because none is dead any more.
 * One pass in dependency order, so that a chain is settled at once. Tasks for which `isOpen` have a workflow and decide
 * for themselves.
 */
export function skipChanges<T extends TaskNode>(
  tasks: readonly T[],
  isOpen: (task: T) => boolean,
): readonly SkipChange[] {
  const states = new Map(tasks.map((task) => [task.id, task.state]));
  const changes: SkipChange[] = [];
  for (const task of topologicalOrder(tasks) ?? []) {
    if (isOpen(task) || (task.state !== 'PENDING' && task.state !== 'SKIPPED')) continue;
    const dead = task.dependsOn.find((edge) => judgeDependency(edge, states.get(edge.on)) === 'dead');
    const to = dead ? 'SKIPPED' : 'PENDING';
    if (to === task.state) continue;
    states.set(task.id, to);
    changes.push({ id: task.id, to, ...(dead ? { because: dead.on } : {}) });
  }
  return changes;
}

/** No task can still change by itself: every one is closed. */
export const allClosed = (tasks: readonly { readonly state: TaskState }[]): boolean =>
  tasks.every(({ state }) => isTaskClosed(state));
