import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  criticalPath,
  depthOf,
  findCycle,
  type GraphNode,
  progressOf,
  topologicalOrder,
} from '../../../domain/plan/graph.js';

const node = (id: string, ...on: readonly string[]): GraphNode => ({
  id,
  dependsOn: on.map((one) => ({ on: one, type: 'finish_to_start', required: true })),
});

/** Any directed graph; node i may depend on any other, so cycles occur. */
const graphs = fc
  .integer({ min: 0, max: 12 })
  .chain((size) =>
    fc
      .array(fc.tuple(fc.nat(Math.max(0, size - 1)), fc.nat(Math.max(0, size - 1))), { maxLength: size * 2 })
      .map((pairs) =>
        Array.from({ length: size }, (_, i) =>
          node(`n${i}`, ...new Set(pairs.filter(([a, b]) => a === i && b !== i).map(([, b]) => `n${b}`))),
        ),
      ),
  );

test('an order puts every node after its dependencies, and is missing exactly when there is a cycle', () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const order = topologicalOrder(nodes);
      const cycle = findCycle(nodes);
      expect(order === undefined).toBe(cycle !== undefined);
      const place = new Map(order?.map(({ id }, index) => [id, index]));
      for (const { id, dependsOn } of order ?? [])
        for (const { on } of dependsOn) expect(place.get(on)).toBeLessThan(place.get(id) ?? -1);
    }),
  );
});

test('a reported cycle is one: each depends on the next, the last on the first', () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const cycle = findCycle(nodes) ?? [];
      for (const [index, id] of cycle.entries()) {
        const next = cycle[(index + 1) % cycle.length];
        expect(nodes.find((one) => one.id === id)?.dependsOn.map(({ on }) => on)).toContain(next);
      }
    }),
  );
});

test('no chain is longer than the depth, and the critical path of equal weights is as long as the depth', () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      fc.pre(findCycle(nodes) === undefined);
      const path = criticalPath(nodes, () => 1);
      expect(path.length).toBe(depthOf(nodes));
      expect(path.ids).toHaveLength(path.length);
    }),
  );
});

test('the critical path follows the heavier branch of a diamond', () => {
  const nodes = [node('a'), node('b', 'a'), node('c', 'a'), node('d', 'b', 'c')];
  const hours: Record<string, number> = { a: 1, b: 5, c: 2, d: 1 };
  expect(criticalPath(nodes, ({ id }) => hours[id] ?? 0)).toEqual({ ids: ['a', 'b', 'd'], length: 7 });
});

test('a start-to-start edge costs no waiting', () => {
  const nodes: readonly GraphNode[] = [
    node('a'),
    { id: 'b', dependsOn: [{ on: 'a', type: 'start_to_start', required: true }] },
  ];
  expect(criticalPath(nodes, () => 4).length).toBe(4);
});

test('progress counts by weight', () => {
  const done = new Set([1, 2]);
  expect(
    progressOf(
      [1, 2, 3],
      (n) => done.has(n),
      (n) => n,
    ),
  ).toEqual({ done: 2, total: 3, share: 0.5 });
  expect(progressOf([], () => false)).toEqual({ done: 0, total: 0, share: 1 });
});
