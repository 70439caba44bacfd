import { quoted } from './fields.js';
import { depthOf, findCycle, type GraphNode } from './graph.js';
import { PLAN_LIMITS, type Plan } from './plan.js';

/** The graph of a plan, by key. */
export const planGraph = (plan: Plan): readonly GraphNode[] =>
  plan.tasks.map((task) => ({
    id: task.key,
    dependsOn: task.dependsOn.map(({ key, type, required }) => ({ on: key, type, required })),
  }));

/** The rules beyond shape. Empty = valid. Cycle and depth are judged only where every key is known and unique. */
export function validatePlan(plan: Plan): readonly string[] {
  const errors = [...sizeErrors(plan), ...keyErrors(plan), ...edgeErrors(plan)];
  if (errors.length > 0) return errors;
  const graph = planGraph(plan);
  const cycle = findCycle(graph);
  if (cycle) return [`tasks: dependencies form a cycle: ${[...cycle, cycle[0]].join(' → ')}`];
  const depth = depthOf(graph);
  if (depth > PLAN_LIMITS.depth)
    return [`tasks: the longest chain of dependencies has ${depth} tasks, at most ${PLAN_LIMITS.depth} are allowed`];
  return [];
}

function* sizeErrors(plan: Plan): Iterable<string> {
  if (plan.tasks.length === 0) yield 'tasks: a plan needs at least one task';
  if (plan.tasks.length > PLAN_LIMITS.tasks)
    yield `tasks: has ${plan.tasks.length} items, at most ${PLAN_LIMITS.tasks} are allowed`;
  const edges = plan.tasks.reduce((sum, task) => sum + task.dependsOn.length, 0);
  if (edges > PLAN_LIMITS.dependencies)
    yield `tasks: have ${edges} dependencies, at most ${PLAN_LIMITS.dependencies} are allowed`;
  const files = plan.tasks.reduce((sum, task) => sum + task.predictedFiles.length, 0);
  if (files > PLAN_LIMITS.predictedFiles)
    yield `tasks: predict ${files} files, at most ${PLAN_LIMITS.predictedFiles} are allowed`;
}

function* keyErrors(plan: Plan): Iterable<string> {
  const first = new Map<string, number>();
  for (const [index, { key }] of plan.tasks.entries()) {
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, index);
    else yield `tasks[${index}].key: ${quoted(key)} is the key of tasks[${earlier}] already`;
  }
}

function* edgeErrors(plan: Plan): Iterable<string> {
  const known = new Set(plan.tasks.map((task) => task.key));
  for (const [index, task] of plan.tasks.entries()) {
    const seen = new Set<string>();
    for (const [place, { key }] of task.dependsOn.entries()) {
      const at = `tasks[${index}].dependsOn[${place}].key`;
      if (key === task.key) yield `${at}: a task cannot depend on itself`;
      else if (!known.has(key)) yield `${at}: no task has the key ${quoted(key)}`;
      else if (seen.has(key)) yield `${at}: ${quoted(key)} is listed twice`;
      seen.add(key);
    }
  }
}
