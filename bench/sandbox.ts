import { execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FileTools, type ToolTree } from '../activities/agents/tools/file-tools.js';
import { runCommandTool } from '../activities/agents/tools/run-command.js';
import { openSandbox } from '../activities/sandbox/run.js';
import { removeDirectory } from '../infra/remove-directory.js';
import type { Bench, Gate, Measured } from './comparison.js';
import { inTurns, lengthOf, type Rounds, series, timeEach } from './support/rounds.js';
import { median } from './support/statistics.js';

const CALLS = 20;
const SERVICE_UID = 64_321;
const COMMAND = ['/bin/sh', '-c', 'exec 2>&1; exec sh -c "$1"', 'command'];
/** The floor is what the least costly sandbox of its own has cost in bare spawns: a call in a run's must stay below it. */
const IN_RUN: Gate = { wants: 'atMost', target: 1.5, floor: 3 };

type Call = () => Promise<unknown>;

/** M10: what a tool call costs in the sandbox of its run, and in one of its own, against a bare spawn of the command. */
export const sandboxedCalls: Bench = {
  redWhen: 'starts a sandbox per call',
  run: async (options) => {
    const { isSmoke } = options;
    const user = process.getuid?.() === 0 ? { uid: SERVICE_UID, gid: SERVICE_UID } : undefined;
    const directory = await mkdtemp(join(tmpdir(), 'millwright-bench-'));
    await chmod(directory, 0o711);
    const path = await mkdtemp(join(directory, 'tree-'));
    await writeFile(join(path, 'a.txt'), 'one\n');
    if (user) await chown(path, user.uid, user.gid);
    const sandbox = await openSandbox({ directory: join(directory, 'sandbox'), user, toolchains: [] });
    const files = await FileTools.open(sandbox, join(directory, 'tools'));
    const alone: ToolTree = { path, isReadOnly: false, isolation: 'bubblewrap', ignoredPaths: [] };
    const inRun: ToolTree = { ...alone, session: 'run/bench' };
    const shell = (tree: ToolTree) => p50Of(() => runCommandTool({ sandbox }, SHELL_CALL, tree));
    const read = (tree: ToolTree) => p50Of(() => files.run(READ_CALL, tree));
    try {
      const measured = await inTurns(
        {
          bare: p50Of(() => bareSpawn(path, user)),
          session: shell(inRun),
          readInRun: read(inRun),
          ...(isSmoke ? {} : { alone: shell(alone), readAlone: read(alone) }),
        },
        lengthOf(options, 15),
      );
      return {
        title: 'a tool call, p50 of a round, against a bare spawn of the command',
        subject: (await promisify(execFile)('bwrap', ['--version'])).stdout.trim(),
        rows: rowsOf(measured),
      };
    } finally {
      await sandbox.close();
      await removeDirectory(directory);
    }
  },
};

const SHELL_CALL = { command: 'cat a.txt', timeoutSeconds: 30 };
const READ_CALL = { tool: 'read_file', path: 'a.txt', offset: 1, limit: 10 } as const;

const rowsOf = (measured: Rounds): readonly Measured[] => {
  const row = (name: string, arm: string, gate?: Gate, baseline = 'bare'): Measured => ({
    name,
    unit: 'ms',
    baseline: series(measured, baseline, 'p50Ms'),
    ours: series(measured, arm, 'p50Ms'),
    ...(gate === undefined ? {} : { gate }),
  });
  return [
    row('run_command in the sandbox of its run', 'session', IN_RUN),
    row('read_file in the sandbox of its run', 'readInRun', IN_RUN),
    row('run_command in a sandbox of its own', 'alone', { wants: 'atMost', target: 8, of: 'difference' }),
    row('read_file in a sandbox of its own', 'readAlone'),
    row('the sandbox of a run against one each: run_command', 'session', undefined, 'alone'),
  ];
};

const p50Of = (call: Call) => async () => ({ p50Ms: median(await timeEach(CALLS, call)) });

const bareSpawn = (cwd: string, user: { readonly uid: number; readonly gid: number } | undefined): Promise<unknown> => {
  const [program = '', ...args] = [...COMMAND, 'cat a.txt'];
  const child = spawn(program, args, { cwd, env: { PATH: '/usr/bin:/bin' }, ...user });
  child.stdin.end();
  child.stdout.resume();
  child.stderr.resume();
  return new Promise((resolve) => child.once('close', resolve));
};
