import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseHostFile } from '../../../infra/config/host-file.js';
import { type Environment, loadClientSettings, loadConfig, modelCredentials } from '../../../infra/config.js';
import { INVARIANTS } from '../../../infra/invariants/finding.js';
import { ROOT } from '../../support/import-graph.js';

const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const section = (title: string): string => page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
const codeIn = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
const firstCells = (text: string): readonly string[] =>
  [...text.matchAll(/^\| ([^|]+)\|/gm)].map(([, cell = '']) => cell.trim());

/** Every name that some process of ours looks up. */
function variablesThatAreRead(): readonly string[] {
  const names = new Set<string>();
  const env: Environment = new Proxy({} as Environment, {
    get: (_, name) => void names.add(String(name)),
  });
  loadConfig(env, { uid: 0, homeDirectory: '/root' });
  modelCredentials(env);
  loadClientSettings(env);
  return [...names].sort();
}

test('the table of variables names every one that is read, and no other', () => {
  const documented = firstCells(section('Environment variables')).flatMap(codeIn).sort();
  expect(documented).toEqual(variablesThatAreRead());
});

test('the example of host.yml is valid, and names every key', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(section('host.yml')) ?? [];
  const { agents, toolchains, prices } = parseHostFile('host.yml', example);
  expect([agents.length, toolchains.length, Object.keys(prices).length]).toEqual([1, 1, 1]);
  const keysAt = (text: string): readonly string[] => {
    try {
      parseHostFile('host.yml', text);
      return [];
    } catch (error) {
      return /\(known: ([^)]*)\)/.exec(String(error))?.[1]?.split(', ') ?? [];
    }
  };
  const known = [
    'nonsense: 1',
    'agents: [{ nonsense: 1 }]',
    'sandbox: { nonsense: 1 }',
    'prices: { a: { nonsense: 1 } }',
  ].map(keysAt);
  expect(known.map((keys) => keys.length > 0)).toEqual([true, true, true, true]);
  expect(known.flat().filter((key) => !new RegExp(`^[ -]*${key}:`, 'm').test(example))).toEqual([]);
});

test('the promises of doctor --deep are those that are looked at', () => {
  const rows = [...section('doctor').matchAll(/^\| (I\d+) +\| ([^|]+?) +\|/gm)].map(([, id, promise]) => [id, promise]);
  expect(Object.fromEntries(rows)).toEqual(INVARIANTS);
});

test('every npm script is explained to contributors', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly scripts: object };
  const contributing = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const rows = contributing.slice(contributing.indexOf('| `npm run …`'), contributing.indexOf('\n## Layers'));
  expect(firstCells(rows).flatMap(codeIn).slice(1).sort()).toEqual(Object.keys(scripts).sort());
});
