import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hardenedConfig, hardenedEnvironment } from '../../infra/git/hardening.js';
import { type GitCommand, TAKES_END_OF_OPTIONS } from '../../infra/git/operands.js';
import { createGit } from '../../infra/git/run.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';
import { testGit } from '../support/git/repositories.js';

let world: GitWorld;
beforeEach(async () => {
  world = await gitWorld();
});
afterEach(() => world.remove());

const commands = Object.keys(TAKES_END_OF_OPTIONS) as GitCommand[];

test.each(commands.filter((command) => TAKES_END_OF_OPTIONS[command]))(
  'the installed git takes --end-of-options for %s and reads no option behind it',
  (command) => {
    const tree = join(world.home, 'work');
    mkdirSync(tree, { recursive: true });
    const options = command === 'rev-parse' ? ['--verify'] : command === 'merge-tree' ? ['--write-tree'] : [];
    const done = spawnSync('git', [command, ...options, '--end-of-options', '--output=canary'], {
      cwd: tree,
      env: { ...process.env, GIT_DIR: world.mirror.dir, GIT_WORK_TREE: tree },
      encoding: 'utf8',
      input: '',
    });
    expect(done.stderr).not.toMatch(/unknown option|unknown switch|end-of-options/);
    expect(existsSync(join(tree, 'canary'))).toBe(false);
  },
);

test.each([
  ['cat-file', '-p'],
  ['rev-parse', 'main'],
  ['rev-parse', 'HEAD@{1}'],
  ['diff-tree', '--output=/tmp/x'],
  ['fetch', '--upload-pack=touch canary'],
  ['push', '-x'],
] as const)('git %s refuses the operand %s', async (command, operand) => {
  await expect(testGit().run({ command, gitDir: world.mirror.dir, operands: [operand] })).rejects.toMatchObject({
    type: 'InvalidInput',
  });
});

test('operands stand behind --end-of-options wherever git takes it, and paths behind -- mean what they say', async () => {
  const program = join(world.home, 'say-arguments');
  writeFileSync(program, '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
  const id = 'a'.repeat(40);
  for (const command of commands) {
    const call = { command, gitDir: world.mirror.dir, options: ['-o'], operands: [id], paths: [':(glob)*'] };
    const said = (await createGit({ program }).run(call)).stdout.toString().trimEnd().split('\n');
    const guard = TAKES_END_OF_OPTIONS[command] ? ['--end-of-options'] : [];
    expect(said.slice(said.indexOf(command))).toEqual([command, '-o', ...guard, id, '--', ':(glob)*']);
    // The one command that refuses the flag.
    expect([command, said.includes('--literal-pathspecs')]).toEqual([command, command !== 'check-ignore']);
  }
});

test('only an allow-list of the environment reaches git', () => {
  const outer = { PATH: '/bin', ANTHROPIC_API_KEY: 'canary', GIT_SSH_COMMAND: 'canary', GIT_CONFIG_COUNT: '1' };
  expect(Object.values(hardenedEnvironment(outer, 'none'))).not.toContain('canary');
  expect(hardenedEnvironment(outer, 'none')).toMatchObject({ PATH: '/bin', GIT_ALLOW_PROTOCOL: '' });
  expect(hardenedConfig('file')).toContain('protocol.file.allow=always');
  expect(hardenedConfig('https')).not.toContain('protocol.file.allow=always');
});

test('a transport that the call did not name is refused', async () => {
  await expect(
    world.mirror.git.run({ command: 'ls-remote', gitDir: world.mirror.dir, operands: [world.forge.dir] }),
  ).rejects.toMatchObject({ type: 'InvalidInput', details: { reason: 'TRANSPORT' } });
  await expect(
    world.mirror.git.run({
      command: 'ls-remote',
      gitDir: world.mirror.dir,
      operands: ['ext::touch canary'],
      transport: 'https',
    }),
  ).rejects.toMatchObject({ type: 'InvalidInput' });
});

test('too much output is an error, or cut when that is asked for', async () => {
  const call = {
    command: 'hash-object',
    gitDir: world.mirror.dir,
    options: ['--stdin'],
    input: 'x',
    maxOutputBytes: 10,
  } as const;
  await expect(testGit().run(call)).rejects.toMatchObject({ details: { reason: 'TOO_LARGE' } });
  const cut = await testGit().run({ ...call, onOverflow: 'truncate' });
  expect([cut.stdout.length, cut.truncated]).toEqual([10, true]);
});

/** A stand-in program that never ends by itself and leaves a mark once it runs. */
const stubborn = (): { program: string; mark: string } => {
  const program = join(world.home, 'stubborn');
  const mark = join(world.home, 'mark');
  writeFileSync(program, `#!/bin/sh\necho $$ > ${mark}\nsleep 1000 &\nwait\n`);
  chmodSync(program, 0o755);
  return { program, mark };
};

test('a call that takes too long ends as DeadlineExceeded', async () => {
  const { program } = stubborn();
  await expect(
    createGit({ program }).run({ command: 'version', gitDir: world.mirror.dir, timeoutMs: 50 }),
  ).rejects.toMatchObject({ type: 'DeadlineExceeded' });
});

test('an aborted call ends with the signal’s reason and takes its process group with it', async () => {
  const { program, mark } = stubborn();
  const controller = new AbortController();
  const reason = new Error('cancelled by somebody');
  const call = createGit({ program }).run({ command: 'version', gitDir: world.mirror.dir, signal: controller.signal });
  const ended = expect(call).rejects.toBe(reason);
  while (!existsSync(mark)) await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort(reason);
  await ended;
  await expect(testGit().run({ command: 'version', gitDir: world.mirror.dir, signal: controller.signal })).rejects.toBe(
    reason,
  );
});

test('credentials of an address stay out of messages', async () => {
  const url = 'https://user:hunter2@localhost:1/x';
  await expect(
    testGit().run({ command: 'ls-remote', gitDir: world.mirror.dir, operands: [url], transport: 'https' }),
  ).rejects.toMatchObject({ type: 'Unavailable', message: expect.not.stringContaining('hunter2') });
});

test('a full disk is told apart', async () => {
  const program = join(world.home, 'full');
  writeFileSync(program, '#!/bin/sh\necho "fatal: write error: No space left on device" >&2\nexit 128\n');
  chmodSync(program, 0o755);
  await expect(createGit({ program }).run({ command: 'version', gitDir: '/' })).rejects.toMatchObject({
    type: 'Unavailable',
    details: { reason: 'DISK_FULL' },
  });
});

test('a repository of ours holds no hook and no configuration but our own', () => {
  expect(existsSync(join(world.mirror.dir, 'hooks'))).toBe(false);
  expect(readdirSync(world.mirror.dir).sort()).toEqual(expect.arrayContaining(['HEAD', 'config', 'objects', 'refs']));
});
