import { execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FileTools, type ToolTree } from '../activities/agents/tools/file-tools.js';
import { runCommandTool } from '../activities/agents/tools/run-command.js';
import { openSandbox } from '../activities/sandbox/run.js';
import { removeDirectory } from '../infra/remove-directory.js';
import type { Comparison } from './comparison.js';

const ROUNDS = 15;
const CALLS = 20;
const SERVICE_UID = 64_321;
const COMMAND = ['/bin/sh', '-c', 'exec 2>&1; exec sh -c "$1"', 'command'];

type Call = () => Promise<unknown>;

/** M10: what a tool call costs in the sandbox of its run, and in one of its own, against a bare spawn of the command. */
export const sandboxedCalls = async (): Promise<Comparison> => {
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
  const shell =
    (tree: ToolTree): Call =>
    () =>
      runCommandTool({ sandbox }, { command: 'cat a.txt', timeoutSeconds: 30 }, tree);
  const read =
    (tree: ToolTree): Call =>
    () =>
      files.run({ tool: 'read_file', path: 'a.txt', offset: 1, limit: 10 }, tree);
  const arms: Readonly<Record<string, Call>> = {
    bare: () => bareSpawn(path, user),
    session: shell(inRun),
    alone: shell(alone),
    readInRun: read(inRun),
    readAlone: read(alone),
  };
  try {
    const measured = await inTurns(arms);
    const row = (name: string, arm: string, baseline = 'bare') => ({
      name,
      unit: 'ms',
      shows: 'cost' as const,
      baseline: measured[baseline] ?? [],
      ours: measured[arm] ?? [],
    });
    return {
      title: 'M10: a tool call, p50 of a round, against a bare spawn of the command',
      subject: (await promisify(execFile)('bwrap', ['--version'])).stdout.trim(),
      rounds: ROUNDS,
      rows: [
        row('run_command in the sandbox of its run', 'session'),
        row('run_command in a sandbox of its own', 'alone'),
        row('read_file in the sandbox of its run', 'readInRun'),
        row('read_file in a sandbox of its own', 'readAlone'),
        row('the sandbox of a run against one each: run_command', 'session', 'alone'),
      ],
    };
  } finally {
    await sandbox.close();
    await removeDirectory(directory);
  }
};

/** The order changes with every round; the first one warms all up. */
const inTurns = async (arms: Readonly<Record<string, Call>>): Promise<Readonly<Record<string, number[]>>> => {
  const measured: Record<string, number[]> = {};
  for (let round = -1; round < ROUNDS; round++) {
    const names = Object.keys(arms);
    for (const name of round % 2 === 0 ? names : names.reverse()) {
      const p50 = await medianMs(arms[name] ?? (async () => undefined));
      if (round < 0) continue;
      measured[name] ??= [];
      measured[name].push(p50);
    }
  }
  return measured;
};

const medianMs = async (call: Call): Promise<number> => {
  const took: number[] = [];
  for (let at = 0; at < CALLS; at++) {
    const startedAt = performance.now();
    await call();
    took.push(performance.now() - startedAt);
  }
  return took.sort((a, b) => a - b)[CALLS / 2] ?? Number.NaN;
};

const bareSpawn = (cwd: string, user: { readonly uid: number; readonly gid: number } | undefined): Promise<unknown> => {
  const [program = '', ...args] = [...COMMAND, 'cat a.txt'];
  const child = spawn(program, args, { cwd, env: { PATH: '/usr/bin:/bin' }, ...user });
  child.stdin.end();
  child.stdout.resume();
  child.stderr.resume();
  return new Promise((resolve) => child.once('close', resolve));
};
