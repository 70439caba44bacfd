import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { refuseWithoutSandbox, sandboxAvailable } from '../../../activities/sandbox/available.js';
import { capturedText } from '../../../activities/sandbox/output.js';
import { openSandbox } from '../../../activities/sandbox/run.js';
import { SandboxHome, serviceUser, shell } from '../../support/sandbox/home.js';

let home: SandboxHome;
beforeAll(async () => {
  home = await SandboxHome.open();
});
afterAll(() => home.remove());

test('the probe runs a real sandbox and says who keeps the caps', async () => {
  expect(await sandboxAvailable(home.settings)).toEqual({
    isAvailable: true,
    version: expect.stringMatching(/^0\.\d+/),
    caps: home.sandbox.capsInForce,
  });
});

test('without bubblewrap work is refused with a remedy', async () => {
  const found = await sandboxAvailable({ ...home.settings, bwrap: '/usr/bin/no-bwrap' });
  expect(found).toEqual({
    isAvailable: false,
    why: '/usr/bin/no-bwrap is missing',
    remedy: 'Install bubblewrap.',
  });
  expect(() => refuseWithoutSandbox(found)).toThrow(
    expect.objectContaining({ type: 'InvalidState', message: expect.stringContaining('Install bubblewrap.') }),
  );
});

test('a probe that is killed does not count against the host', async () => {
  const bwrap = join(home.directory, 'bwrap-killed-once');
  const mark = join(home.directory, 'killed');
  const dies = `[ "$1" = --version ] || [ -e ${mark} ] || { touch ${mark}; kill -9 $$; }`;
  await writeFile(bwrap, `#!/bin/sh\n${dies}\nexec /usr/bin/bwrap "$@"\n`, { mode: 0o755 });
  await chmod(home.directory, 0o777);
  const found = await sandboxAvailable({ ...home.settings, bwrap });
  await chmod(home.directory, 0o711);
  expect(existsSync(mark)).toBe(true);
  expect(found).toMatchObject({ isAvailable: true });
});

test('a tree that the service user cannot reach is named', async () => {
  if (serviceUser === undefined) return;
  const tree = await home.tree();
  await chmod(home.directory, 0o700);
  const running = home.sandbox.run(shell(tree, 'true'));
  await expect(running).rejects.toMatchObject({
    type: 'NeverStarted',
    message: expect.stringContaining(home.directory),
  });
  await chmod(home.directory, 0o711);
});

test('a missing tree has never started', async () => {
  const running = home.sandbox.run(shell(join(home.directory, 'nowhere'), 'true'));
  await expect(running).rejects.toMatchObject({
    type: 'NeverStarted',
    message: expect.stringContaining('does not exist'),
  });
});

test('started as root without a service user, nothing opens', async () => {
  if (process.getuid?.() !== 0) return;
  await expect(openSandbox({ ...home.settings, user: undefined })).rejects.toMatchObject({ type: 'PermissionDenied' });
});

test('without a sandbox, by an admin, a command still has its own user and environment, and its result says so', async () => {
  const tree = await home.tree({ 'a.txt': 'here' });
  const result = await home.sandbox.run(
    shell(tree, 'id -u; cat a.txt; env | cut -d= -f1 | sort | tr "\\n" " "', { isolation: 'none' }),
  );
  expect({ isolation: result.isolation, end: result.end, lines: capturedText(result.stdout).split('\n') }).toEqual({
    isolation: 'none',
    end: { kind: 'exited', code: 0 },
    lines: [String(serviceUser?.uid ?? process.getuid?.()), 'hereHOME LANG PATH PWD TMPDIR USER '],
  });
});
