import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { bundleWorkflows } from '../../workers/bundle.js';
import { ROOT } from '../support/import-graph.js';

let code: string;

beforeAll(async () => {
  code = await bundleWorkflows(join(ROOT, 'workflows/index.ts'));
});

/** `./domain`, `@temporalio/common`, …: what each module of the bundle belongs to. */
const ownersOf = (bundle: string): readonly string[] => {
  const ids = [...bundle.matchAll(/^\/\*\*\*\/ "(\.[^"]+)"/gm)].map(([, id = '']) => id);
  const owners = ids.map(
    (id) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? id.split('/').slice(0, 2).join('/'),
  );
  return [...new Set(owners)].sort();
};

test('the bundle holds the workflows, the pure rules and the engine, and no library besides', () => {
  const allowed = ['./domain', './workflows', '@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'];
  expect(ownersOf(code).filter((owner) => !allowed.includes(owner))).toEqual([]);
});

test('the bundle stays small enough to be cheap in every cached workflow', () => {
  // Without the inline source map, which only stack traces read.
  expect(code.slice(0, code.indexOf('//# sourceMappingURL')).length).toBeLessThan(2_000_000);
});
