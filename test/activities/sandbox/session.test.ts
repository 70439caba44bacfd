import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CommandResult, SandboxCommand } from '../../../activities/sandbox/command.js';
import { capturedText } from '../../../activities/sandbox/output.js';
import { signalAll } from '../../../activities/sandbox/process-tree.js';
import { processesWith } from '../../support/processes.js';
import { giveAway, limits, SandboxHome, serviceUser, shell } from '../../support/sandbox/home.js';
import { until } from '../../support/until.js';

let home: SandboxHome;
beforeAll(async () => {
  home = await SandboxHome.open();
});
afterAll(() => home.remove());

let serial = 0;
const newSession = (): string => `run/${process.pid}-${serial++}`;

const text = ({ end, stdout, stderr }: CommandResult): string =>
  `${capturedText(stdout)}${capturedText(stderr)}${end.kind === 'limit' ? `[${end.limit}]` : `[${end.code}]`}`;

/** A tree and a session on it. */
class Run {
  readonly session = newSession();

  private constructor(readonly tree: string) {}

  static async of(files: Readonly<Record<string, string>> = {}): Promise<Run> {
    return new Run(await home.tree(files));
  }

  command(script: string, changes: Partial<SandboxCommand> = {}): SandboxCommand {
    return shell(this.tree, script, { session: this.session, ...changes });
  }

  async sh(script: string, changes: Partial<SandboxCommand> = {}, signal?: AbortSignal): Promise<string> {
    return text(await home.sandbox.run(this.command(script, changes), signal));
  }

  /** Host pids of what holds the sandbox of this run: bwrap alone has the tree's path among its arguments. */
  async launchers(): Promise<readonly number[]> {
    return processesWith(`${this.tree}\0/src`);
  }
}

const namespace = 'readlink /proc/self/ns/pid';

test('the commands of a session share one sandbox, its home and /tmp', async () => {
  const run = await Run.of({ 'a.txt': 'here' });
  const first = await run.sh(namespace);
  expect(await run.sh('cat a.txt; echo x > /tmp/kept; echo y > ~/kept; echo z > made')).toBe('here[0]');
  expect(await run.sh(`cat /tmp/kept ~/kept made; ${namespace}`)).toBe(`x\ny\nz\n${first}`);
  expect((await lstat(join(run.tree, 'made'))).uid).toBe(serviceUser?.uid ?? process.getuid?.());
});

test('another session finds nothing of it', async () => {
  const [one, other] = [await Run.of(), await Run.of()];
  await one.sh('echo x > /tmp/kept');
  expect(await other.sh('ls /tmp')).toBe('[0]');
  expect(await other.sh(namespace)).not.toBe(await one.sh(namespace));
});

test('no process outlives its command, however it hides', async () => {
  const run = await Run.of();
  const marker = `survivor-${process.pid}`;
  const hide = `(setsid sh -c "trap '' TERM HUP; : ${marker}; sleep 300" > /dev/null 2>&1 &); sleep 0.1; exit 3`;
  expect(await run.sh(hide)).toBe('[3]');
  expect(await processesWith(marker)).toEqual([]);
  // The first process, the server, and this shell.
  expect(await run.sh('set -- /proc/[0-9]*; echo $#')).toBe('3\n[0]');
});

test('between commands everything in the sandbox stands still', async () => {
  const run = await Run.of();
  await run.sh('true');
  const states = await Promise.all(
    (await processesWith('/run/millwright/exec-server.mjs'))
      .map((pid) => readFile(`/proc/${pid}/stat`, 'utf8'))
      .map(async (line) => / ([A-Z]) /.exec(await line)?.[1]),
  );
  expect(states).toContain('T');
  expect(await run.sh('echo on')).toBe('on\n[0]');
});

test('streams, exit codes and a missing program are what they are without a session', async () => {
  const run = await Run.of();
  expect(await run.sh('cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr', { stdin: 'in\n' })).toBe(
    'in\nout\nerr\n[0]',
  );
  expect([await run.sh('exit 7'), await run.sh('kill -9 $$'), await run.sh('nonexistent-command 2>/dev/null')]).toEqual(
    ['[7]', '[137]', '[127]'],
  );
  expect(await run.sh('', { argv: ['/no/such/program'] })).toContain('[127]');
  expect(await run.sh('ls /proc/$$/fd; true')).toBe('0\n1\n2\n[0]');
  expect(await run.sh('head -c 3 /dev/zero | wc -c', { stdin: 'x'.repeat(1 << 20) })).toBe('3\n[0]');
  expect(await run.sh('env | cut -d= -f1 | sort | tr "\\n" " "', { env: { CI: '1' } })).toBe(
    'CI HOME LANG PATH PWD TMPDIR USER [0]',
  );
});

test('commands of one session wait for each other', async () => {
  const run = await Run.of();
  const script = 'test -e busy && echo together; touch busy; sleep 0.2; rm busy';
  expect(await Promise.all([run.sh(script), run.sh(script), run.sh(script)])).toEqual(['[0]', '[0]', '[0]']);
});

test('a session whose server was killed is replaced by the next command', async () => {
  const run = await Run.of();
  const first = await run.sh(namespace);
  signalAll(await run.launchers(), 'SIGKILL');
  expect(await run.sh(namespace)).not.toBe(first);
});

test('a server killed under its command is said, and the next command finds a new one', async () => {
  const run = await Run.of();
  const marker = `under-${process.pid}`;
  const running = home.sandbox.run(run.command(`: ${marker}; sleep 300`));
  const refused = expect(running).rejects.toMatchObject({ type: 'Unavailable' });
  await until(async () => (await processesWith(marker)).length > 0);
  signalAll(await run.launchers(), 'SIGKILL');
  await refused;
  expect(await processesWith(marker)).toEqual([]);
  expect(await run.sh('echo again')).toBe('again\n[0]');
});

test('a command that kills or imitates the server harms only itself', async () => {
  const run = await Run.of();
  const server = '$(cat /proc/$$/stat | cut -d" " -f4)';
  await expect(run.sh(`kill -9 ${server}; sleep 5`)).rejects.toMatchObject({ type: 'Unavailable' });
  // Whatever it writes into the server's own stream is either refused by the kernel or ends the sandbox.
  await run.sh(`printf '\\377\\377\\377\\377x' > /proc/${server}/fd/1; echo said`).catch(() => undefined);
  expect(await run.sh('echo again')).toBe('again\n[0]');
});

test('a tree that was made anew at its place gets a new sandbox', async () => {
  const run = await Run.of({ 'a.txt': 'old' });
  expect(await run.sh('cat a.txt')).toBe('old[0]');
  await rename(run.tree, `${run.tree}-before`);
  await mkdir(run.tree);
  await writeFile(join(run.tree, 'a.txt'), 'new');
  await giveAway(run.tree);
  expect(await run.sh('cat a.txt')).toBe('new[0]');
  await rm(`${run.tree}-before`, { recursive: true });
});

test('who takes the tree over ends the session that had it', async () => {
  const run = await Run.of();
  await run.sh('true');
  const before = await run.launchers();
  await home.sandbox.run(run.command('true', { session: newSession() }));
  await until(async () => !(await run.launchers()).some((pid) => before.includes(pid)));
});

test('a session ends when its tree is given back, and when nobody uses it', async () => {
  const run = await Run.of();
  await run.sh('true');
  await home.sandbox.endSessions(run.tree);
  expect(await run.launchers()).toEqual([]);
  const hasty = await SandboxHome.open({ idleMs: 50 });
  const tree = await hasty.tree();
  await hasty.sandbox.run(shell(tree, 'true', { session: 'run/idle' }));
  await until(async () => (await processesWith(`${tree}\0/src`)).length === 0);
  await hasty.remove();
});

test('a read-only tree cannot be written', async () => {
  const run = await Run.of({ 'a.txt': 'kept' });
  expect(await run.sh('echo x > a.txt', { isTreeReadOnly: true })).toContain('Read-only');
  expect(await readdir(run.tree)).toEqual(['a.txt']);
});

test('a tree that is missing has never started', async () => {
  const running = home.sandbox.run(shell(join(home.directory, 'nowhere'), 'true', { session: newSession() }));
  await expect(running).rejects.toMatchObject({ type: 'NeverStarted' });
});

describe.each(['cgroup', 'watcher'] as const)('with caps kept by %s', (caps) => {
  let capped: SandboxHome;
  beforeAll(async () => {
    capped = await SandboxHome.open({ caps });
  });
  afterAll(() => capped.remove());

  const bombs: readonly (readonly [string, string, Partial<SandboxCommand['limits']>])[] = [
    // It holds what it has taken: a watcher looks now and then.
    ['memory', 'node -e "b=Buffer.alloc(320<<20,1);setInterval(()=>b,1e3)"; echo survived', { memoryBytes: 256 << 20 }],
    ['processes', '(while :; do sleep 100 & done); sleep 15', { processes: 60 }],
    ['time', 'trap "" TERM; sleep 300', { wallMs: 300 }],
    ['output', 'yes', { outputBytes: 4 << 20 }],
    ['disk', 'exec head -c 2M /dev/zero > big', { fileBytes: 1 << 20 }],
    ['cpu', 'while :; do :; done', { cpuSeconds: 1 }],
  ];

  test.each(bombs)('%s beyond the limit ends the command, and the session goes on', async (limit, bomb, changes) => {
    const command = shell(await capped.tree(), bomb, { session: newSession(), limits: limits(changes) });
    expect((await capped.sandbox.run(command)).end).toMatchObject({ kind: 'limit', limit });
    const next = await capped.sandbox.run({ ...command, argv: ['echo', 'on'] });
    expect(text(next)).toBe('on\n[0]');
  });
});

test('an abort ends the command and is rethrown', async () => {
  const run = await Run.of();
  const marker = `stopped-${process.pid}`;
  const stop = new AbortController();
  const running = run.sh(`: ${marker}; trap "" TERM; sleep 300`, {}, stop.signal);
  await until(async () => (await processesWith(marker)).length > 0);
  stop.abort(new Error('cancelled by the test'));
  await expect(running).rejects.toThrow('cancelled by the test');
  expect(await processesWith(marker)).toEqual([]);
  expect(await run.sh('echo on')).toBe('on\n[0]');
});

test('a module is asked without a process, and leaves no file open', async () => {
  const run = await Run.of({ 'a.txt': 'here' });
  const module = `import * as fs from 'node:fs';
export const answer = (name) => { fs.openSync(name, 'r'); return fs.readFileSync(name, 'utf8') + fs.readdirSync('/proc/self/fd').length; };`;
  const ask = (name: string) => run.sh('', { module, stdin: name });
  const first = await ask('/src/a.txt');
  expect(first).toMatch(/^here\d+\[0\]$/);
  expect(await ask('/src/a.txt')).toBe(first);
  expect(await ask('/src/missing')).toContain('ENOENT');
});
