import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type ImportEdge, importsOf, ROOT, sourcesOf } from '../support/import-graph.js';

interface Rule {
  /** Folders whose files may be imported. */
  readonly folders: readonly string[];
  readonly packages: (name: string, from: string) => boolean;
}

const ENGINE_LANGUAGE = ['@temporalio/common', '@temporalio/workflow'];
const isNode = (name: string): boolean => name.startsWith('node:');
const isFramework = (name: string): boolean =>
  name.startsWith('@nestjs/') || name === 'fastify' || name === 'commander';
const isEngine = (name: string): boolean => name.startsWith('@temporalio/');
/** Where a Temporal client may be held. */
const holdsClient = (from: string): boolean =>
  ['api/temporal/', 'activities/engine/', 'workers/', 'infra/'].some((folder) => from.startsWith(folder));

const engine =
  (...allowed: readonly string[]) =>
  (name: string, from: string): boolean =>
    allowed.includes(name) || (name === '@temporalio/client' && holdsClient(from));

const RULES: Readonly<Record<string, Rule>> = {
  domain: { folders: ['domain'], packages: () => false },
  'workflows/contract': {
    folders: ['domain', 'workflows/contract'],
    packages: (name) => ENGINE_LANGUAGE.includes(name),
  },
  workflows: { folders: ['domain', 'workflows'], packages: (name) => ENGINE_LANGUAGE.includes(name) },
  infra: {
    folders: ['infra', 'domain'],
    packages: (name, from) => !isFramework(name) && (!isEngine(name) || engine('@temporalio/common')(name, from)),
  },
  activities: {
    folders: ['activities', 'domain', 'workflows/contract', 'infra'],
    packages: (name, from) =>
      !isFramework(name) && (!isEngine(name) || engine('@temporalio/activity', '@temporalio/common')(name, from)),
  },
  api: {
    folders: ['api', 'domain', 'workflows/contract', 'infra'],
    packages: (name, from) => name !== 'commander' && (!isEngine(name) || engine('@temporalio/common')(name, from)),
  },
  workers: {
    folders: ['workers', 'activities', 'domain', 'workflows/contract', 'infra'],
    packages: (name) => !isFramework(name),
  },
  cli: {
    folders: ['cli', 'domain', 'workflows/contract', 'infra'],
    packages: (name) => isNode(name) || (!isEngine(name) && !name.startsWith('@nestjs/')),
  },
};

const folderOf = (file: string): string =>
  file.startsWith('workflows/contract/') ? 'workflows/contract' : (file.split('/')[0] ?? '');

const isBelow = (file: string, folder: string): boolean => file === folder || file.startsWith(`${folder}/`);

const breaks = (edge: ImportEdge, rule: Rule): boolean =>
  edge.isPackage ? !rule.packages(edge.to, edge.from) : !rule.folders.some((folder) => isBelow(edge.to, folder));

describe('each layer imports only what the architecture gives it', () => {
  for (const [folder, rule] of Object.entries(RULES)) {
    test(folder, () => {
      const files = sourcesOf(folder.split('/')[0] ?? folder).filter((file) => folderOf(file) === folder);
      expect(files.length).toBeGreaterThan(0);
      const broken = files.flatMap(importsOf).filter((edge) => breaks(edge, rule));
      expect(broken.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
    });
  }
});

const PRODUCT = ['domain', 'workflows', 'activities', 'api', 'infra', 'workers', 'cli'].flatMap(sourcesOf);

const mentions = (pattern: RegExp): readonly string[] =>
  PRODUCT.filter((file) => pattern.test(readFileSync(join(ROOT, file), 'utf8')));

test('only the configuration reads the environment', () => {
  expect(mentions(/process\.env\b/).filter((file) => !/^infra\/config(\.ts|\/)/.test(file))).toEqual([]);
});

test('only the broker is handed the model key', () => {
  expect(mentions(/\bmodelCredentials\b/)).toEqual(['activities/sandbox/broker.ts', 'infra/config.ts']);
});

test('only adapters have points at which a fault may strike', () => {
  const elsewhere = mentions(/\bfaultPoint\(/).filter((file) => !/^(activities|infra)\//.test(file));
  expect(elsewhere).toEqual([]);
  expect(mentions(/\barmFault\(/)).toEqual(['api/main.ts', 'infra/fault-point.ts', 'workers/main.ts']);
});

test('product code knows nothing of the stand-ins', () => {
  expect(PRODUCT.flatMap(importsOf).filter(({ to }) => to.startsWith('test/'))).toEqual([]);
});

test('no timeout or retry of an activity is written outside the policy table', () => {
  const elsewhere = mentions(/startToCloseTimeout|scheduleToCloseTimeout|heartbeatTimeout\s*:|maximumAttempts/);
  expect(elsewhere.filter((file) => file.startsWith('workflows/') && !file.startsWith('workflows/policy/'))).toEqual(
    [],
  );
});
