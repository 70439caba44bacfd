// Services on a graph of tasks, by id: planned keys and task ids alike. Linear in nodes and edges, and deterministic:
// where the graph leaves a choice, the order of the list decides.
import type { DependencyType } from './plan.js';

export interface GraphEdge {
  /** The node that is waited for. */
  readonly on: string;
  readonly type: DependencyType;
  readonly required: boolean;
}

export interface GraphNode {
  readonly id: string;
  readonly dependsOn: readonly GraphEdge[];
}

/** Every node after all it depends on; `undefined` when there is a cycle. Unknown dependencies are passed over. */
export function topologicalOrder<N extends GraphNode>(nodes: readonly N[]): readonly N[] | undefined {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const missing = new Map(nodes.map((node) => [node.id, node.dependsOn.filter(({ on }) => byId.has(on)).length]));
  const dependants = new Map<string, N[]>(nodes.map((node) => [node.id, []]));
  for (const node of nodes) for (const { on } of node.dependsOn) dependants.get(on)?.push(node);
  const order = nodes.filter((node) => missing.get(node.id) === 0);
  for (let at = 0; at < order.length; at += 1) {
    for (const next of dependants.get(order[at]?.id ?? '') ?? []) {
      const left = (missing.get(next.id) ?? 0) - 1;
      missing.set(next.id, left);
      if (left === 0) order.push(next);
    }
  }
  return order.length === nodes.length ? order : undefined;
}

/** One cycle as ids, each depending on the next and the last on the first. */
export function findCycle(nodes: readonly GraphNode[]): readonly string[] | undefined {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const state = new Map<string, 'open' | 'clear'>();
  for (const root of nodes) {
    // An explicit stack: a plan may be one long chain.
    const path: { readonly node: GraphNode; next: number }[] = [];
    if (!state.has(root.id)) path.push({ node: root, next: 0 });
    state.set(root.id, state.get(root.id) ?? 'open');
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const edge = top.node.dependsOn[top.next];
      top.next += 1;
      const node = edge ? byId.get(edge.on) : undefined;
      if (!edge) {
        state.set(top.node.id, 'clear');
        path.pop();
      } else if (node && state.get(node.id) === 'open') {
        const ids = path.map((step) => step.node.id);
        return ids.slice(ids.indexOf(node.id));
      } else if (node && !state.has(node.id)) {
        state.set(node.id, 'open');
        path.push({ node, next: 0 });
      }
    }
  }
  return undefined;
}

/** Number of nodes on the longest chain; 0 for no nodes or a cycle. */
export function depthOf(nodes: readonly GraphNode[]): number {
  const depth = new Map<string, number>();
  for (const node of topologicalOrder(nodes) ?? [])
    depth.set(node.id, 1 + Math.max(0, ...node.dependsOn.map(({ on }) => depth.get(on) ?? 0)));
  return Math.max(0, ...depth.values());
}

export interface CriticalPath {
  readonly ids: readonly string[];
  /** Sum of weights along the longest wait, in the weights' unit. */
  readonly length: number;
}

/**
 * Node-weighted critical path. A `start_to_start` edge costs nothing: both may begin together. Empty for a cycle.
 * @param weight duration of a node, ≥ 0
 */
export function criticalPath<N extends GraphNode>(nodes: readonly N[], weight: (node: N) => number): CriticalPath {
  const timing = new Map<string, { readonly start: number; readonly end: number; readonly from?: string }>();
  let last: string | undefined;
  for (const node of topologicalOrder(nodes) ?? []) {
    let start = 0;
    let from: string | undefined;
    for (const edge of node.dependsOn) {
      const before = timing.get(edge.on);
      if (!before) continue;
      const free = edge.type === 'finish_to_start' ? before.end : before.start;
      if (free > start) [start, from] = [free, edge.on];
    }
    timing.set(node.id, { start, end: start + weight(node), ...(from === undefined ? {} : { from }) });
    if (last === undefined || start + weight(node) > (timing.get(last)?.end ?? 0)) last = node.id;
  }
  const ids: string[] = [];
  for (let id = last; id !== undefined; id = timing.get(id)?.from) ids.unshift(id);
  return { ids, length: last === undefined ? 0 : (timing.get(last)?.end ?? 0) };
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  /** Done weight over all weight, 0 to 1; 1 for nothing to do. */
  readonly share: number;
}

export function progressOf<N>(
  nodes: readonly N[],
  isDone: (node: N) => boolean,
  weight: (node: N) => number = () => 1,
): Progress {
  const done = nodes.filter(isDone);
  const sum = (some: readonly N[]): number => some.reduce((total, node) => total + weight(node), 0);
  const all = sum(nodes);
  return { done: done.length, total: nodes.length, share: all === 0 ? 1 : sum(done) / all };
}
