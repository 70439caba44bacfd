import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { loadConfig } from '../../infra/config.js';
import { devServerFlags } from '../../infra/embedded/temporal-server.js';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
  readonly volumes?: readonly string[];
  readonly privileged?: boolean;
}

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const { services } = compose;

test('PostgreSQL, Temporal with its UI, api and worker are there, and every image is pinned', () => {
  expect(Object.keys(services)).toEqual(
    expect.arrayContaining(['postgres', 'temporal', 'temporal-ui', 'prepare', 'api', 'worker']),
  );
  const images = Object.values(services).map(({ image }) => image);
  const bases = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image = '']) => image);
  expect([...images, ...bases].filter((image) => !/:v?\d+\.\d+/.test(image))).toEqual([]);
  expect(new Set(bases).size).toBe(1);
});

test('what a service depends on and mounts exists', () => {
  for (const { depends_on = [], volumes = [] } of Object.values(services)) {
    const names = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
    expect(names.filter((name) => !(name in services))).toEqual([]);
    const sources = volumes.map((volume) => volume.split(':')[0] ?? '');
    expect(
      sources.filter(
        (source) => !(source.startsWith('./') ? existsSync(join(root, source)) : source in compose.volumes),
      ),
    ).toEqual([]);
  }
});

test('our services run the commands that can be run by hand', () => {
  expect([services.prepare, services.api, services.worker].map((service) => service?.command)).toEqual([
    ['node', 'dist/cli/prepare.js'],
    ['node', 'dist/api/main.js'],
    ['node', 'dist/workers/main.js'],
  ]);
  for (const source of ['cli/prepare.ts', 'api/main.ts', 'workers/main.ts'])
    expect(existsSync(join(root, source))).toBe(true);
});

test.each(['prepare', 'api', 'worker'])('the environment of %s is a valid configuration', (name) => {
  const environment = Object.fromEntries(
    Object.entries(services[name]?.environment ?? {}).map(([variable, value]) => [
      variable,
      // What may stay unset is unset.
      String(value)
        .replace(/\$\{\w+:[-+][^${}]*\}/g, '')
        .replace(/\$\{\w+:[-+][^}]*\}/g, '')
        .replace(/\$\{\w+[^}]*\}/g, 'given'),
    ]),
  );
  const { databaseUrl, temporal, api } = loadConfig(environment, { uid: 0, homeDirectory: '/root' });
  expect({ databaseUrl, address: temporal.address }).toEqual({
    databaseUrl: 'postgres://millwright:given@postgres:5432/millwright',
    address: 'temporal:7233',
  });
  expect(api.port).toBe(name === 'api' ? 7400 : undefined);
});

test.each([
  ['ANTHROPIC_API_KEY', 'worker'],
  ['GITHUB_TOKEN', 'worker'],
  ['LINEAR_API_KEY', 'worker'],
  ['LINEAR_ACCESS_TOKEN', 'worker'],
  ['LINEAR_CLIENT_SECRET', 'worker'],
  ['LINEAR_WEBHOOK_SECRET', 'api'],
  ['GITHUB_WEBHOOK_SECRET', 'api'],
])('%s is given to the %s alone', (secret, holder) => {
  const holders = Object.entries(services).filter(([, { environment = {} }]) => secret in environment);
  expect(holders.map(([name]) => name)).toEqual([holder]);
});

test('what Linear is set up with reaches who reads it, and the API is told what the worker has', () => {
  const documented = [...read('docs/linear.md').matchAll(/`((?:LINEAR|MILLWRIGHT)_[A-Z_]+)`(?=[^|\n]*\|)/g)].map(
    ([, name = '']) => name,
  );
  expect(documented).toContain('LINEAR_ACCESS_TOKEN');
  const given = { ...services.api?.environment, ...services.worker?.environment };
  expect(documented.filter((name) => !(name in given))).toEqual([]);
  expect(services.api?.environment).toHaveProperty('MILLWRIGHT_LINEAR_ACCESS');
});

test('no container is privileged', () => {
  expect(Object.values(services).filter(({ privileged }) => privileged)).toEqual([]);
});

test('the Temporal server of the file is tuned like the embedded one', () => {
  const dynamic = parse(read('infra/deploy/temporal/dynamicconfig.yaml')) as Record<string, [{ value: unknown }]>;
  const embedded = devServerFlags()
    .filter((_, index, flags) => flags[index - 1] === '--dynamic-config-value')
    .map((flag) => flag.split('='))
    .map(([key = '', value = '']) => [key, JSON.parse(value)]);
  expect(Object.entries(dynamic).map(([key, [{ value }]]) => [key, value])).toEqual(embedded);
});
