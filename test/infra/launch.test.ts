import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { launch } from '../../infra/embedded/launch.js';
import { findProcess } from '../../infra/process-identity.js';
import { compileFolders } from '../support/compiled.js';
import { until } from '../support/until.js';

const root = mkdtempSync(join(tmpdir(), 'launch-'));
const compiled = compileFolders('launch', ['infra/embedded/launch.ts']);
afterAll(() => {
  compiled.rm();
  rmSync(root, { recursive: true, force: true });
});

/** The two ways: by the kernel's death signal, and by a guard where there is no setpriv. */
const WAYS = process.platform === 'linux' ? (['setpriv', 'guard'] as const) : (['guard'] as const);
const PROGRAM = ['sh', '-c', 'echo $$; exec sleep 60'];

test.each(WAYS)('a child dies with a parent that is killed by SIGKILL (%s)', async (way) => {
  const file = join(root, way);
  const code = `
    import { openSync } from 'node:fs';
    import { launch } from ${JSON.stringify(join(compiled.directory, 'infra/embedded/launch.js'))};
    const output = openSync(${JSON.stringify(file)}, 'w');
    const options = { argv: ${JSON.stringify(PROGRAM)}, env: { PATH: '/usr/bin:/bin' }, output };
    ${way === 'guard' ? 'launch(options, null)' : 'launch(options)'};
    setInterval(() => {}, 1000);`;
  // Only undefined means "look for it"; null stands for a system without.
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let child = 0;
  await until(() => {
    child = Number(readOr(file, '0'));
    return child > 0;
  });
  expect(findProcess(child)).toBeDefined();
  parent.kill('SIGKILL');
  await until(() => findProcess(child) === undefined);
});

test.each(WAYS)('a launched program can be killed, and how it ended is told (%s)', async (way) => {
  const file = join(root, `${way}-kill`);
  const output = openSync(file, 'w');
  const options = { argv: PROGRAM, env: { PATH: '/usr/bin:/bin' }, output };
  const child = way === 'guard' ? launch(options, null) : launch(options);
  closeSync(output);
  await until(() => readOr(file, '').trim() !== '');
  child.kill('SIGKILL');
  expect(await child.ended).toMatch(/SIGKILL|exit 128/);
  expect(findProcess(Number(readFileSync(file, 'utf8')))).toBeUndefined();
});

test('a program that does not exist ends at once instead of throwing', async () => {
  const child = launch({ argv: ['/nowhere/program'], env: {} });
  expect(await child.ended).toMatch(/exit 12[67]/);
});

const readOr = (file: string, fallback: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return fallback; // not written yet
  }
};
