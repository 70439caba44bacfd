import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { evidenceKey, inputDigest, layerKey, type Toolchain, toolchainDigest } from '../../domain/evidence.js';
import type { CheckConfig, SetupConfig } from '../../domain/project-config/types.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const CHECK: CheckConfig = {
  name: 'test',
  run: 'npm test',
  required: true,
  timeoutSeconds: 60,
  needs: [],
  inputs: [],
  retry: 'none',
  env: [],
  failFast: false,
};
const keyOf = (change: Partial<CheckConfig>, toolchain = 't', inputs = 'i'): string =>
  evidenceKey({ ...CHECK, ...change }, toolchain, inputs, sha256);

test('a verdict answers for nothing that was defined, built or fed otherwise', () => {
  const keys = [
    keyOf({}),
    keyOf({ name: 'lint' }),
    keyOf({ run: 'npm run test' }),
    keyOf({ rerun: 'npm test {tests}' }),
    keyOf({ timeoutSeconds: 61 }),
    keyOf({ retry: 'immediate' }),
    keyOf({ env: ['CI=1'] }),
    keyOf({}, 'another toolchain'),
    keyOf({}, 't', 'another tree'),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test('what only decides when a check runs leaves its verdict standing', () => {
  for (const change of [{ needs: ['lint'] }, { required: false }, { failFast: true }])
    expect(keyOf(change)).toBe(keyOf({}));
});

test('every file counts with its mode, its content and its name', () => {
  const file = { mode: '100644', blob: 'b', path: 'p' };
  const digests = [[file], [{ ...file, mode: '100755' }], [{ ...file, blob: 'c' }], [{ ...file, path: 'q' }], []].map(
    (files) => inputDigest(files, sha256),
  );
  expect(new Set(digests).size).toBe(digests.length);
});

test('a toolchain is another one with another sandbox, system, tool or layer; the order of its tools is none', () => {
  const toolchain: Toolchain = {
    profileVersion: 1,
    isolation: 'bubblewrap',
    osRelease: 'os',
    tools: { a: '1', b: '2' },
  };
  const digestOf = (change: Partial<Toolchain>, layer?: string): string =>
    toolchainDigest({ ...toolchain, ...change }, layer, sha256);
  const digests = [
    digestOf({}),
    digestOf({ profileVersion: 2 }),
    digestOf({ isolation: 'none' }),
    digestOf({ osRelease: 'other' }),
    digestOf({ tools: { a: '1', b: '3' } }),
    digestOf({}, 'layer'),
  ];
  expect(new Set(digests).size).toBe(digests.length);
  expect(digestOf({ tools: { b: '2', a: '1' } })).toBe(digestOf({}));
});

test('outputs of setup are those of its commands, its outputs, its environment, its tools and its files', () => {
  const setup: SetupConfig = { run: ['npm ci'], inputs: [], outputs: ['node_modules'], env: [], timeoutSeconds: 60 };
  const keys = [
    layerKey(setup, 't', 'i', sha256),
    layerKey({ ...setup, run: ['npm install'] }, 't', 'i', sha256),
    layerKey({ ...setup, outputs: ['vendor'] }, 't', 'i', sha256),
    layerKey({ ...setup, env: ['A=1'] }, 't', 'i', sha256),
    layerKey(setup, 'u', 'i', sha256),
    layerKey(setup, 't', 'j', sha256),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
