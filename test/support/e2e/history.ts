import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** One commit of a known history: the files as they are after it. */
export interface Change {
  readonly key: string;
  readonly files: Readonly<Record<string, string>>;
  readonly after: readonly string[];
}

const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], { cwd, encoding: 'utf8' });

const writeFiles = (root: string, files: Readonly<Record<string, string>>): void => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
};

/** A repository with its first commit. */
export function makeRepository(path: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(path, { recursive: true });
  writeFiles(path, files);
  git(path, 'init', '--quiet', '--initial-branch=main');
  git(path, 'add', '--all');
  git(path, 'commit', '--quiet', '--message', 'Begin');
  return path;
}

/** Where the agent finds what each task is to write. */
export function writeChanges(directory: string, changes: readonly Change[]): string {
  const path = join(directory, 'changes');
  for (const { key, files } of changes) writeFiles(join(path, key), files);
  execFileSync('chmod', ['-R', 'a+rX', path]);
  return path;
}

/**
 * A `command` agent that copies a task's files, named by the task's title, into the tree. In a conflict it keeps the
 * lines of both sides, sorted, as a careful person would in a list.
 */
const AGENT = `import { cpSync, readFileSync, writeFileSync } from 'node:fs';
const { run, task, conflict } = JSON.parse(readFileSync(process.env.MILLWRIGHT_CONTEXT, 'utf8'));
if (run.kind === 'integration') {
  for (const { path } of conflict.files) {
    const lines = readFileSync(path, 'utf8').split('\\n').filter((line) => !/^(<<<<<<<|=======|>>>>>>>|\\|\\|\\|\\|\\|\\|\\|)/.test(line));
    writeFileSync(path, [...new Set(lines.filter(Boolean))].sort().join('\\n') + '\\n');
  }
} else cpSync(process.argv[2] + '/' + task.title, '.', { recursive: true });
writeFileSync(process.env.MILLWRIGHT_RESULT, JSON.stringify({ status: 'complete', summary: run.kind + ' of ' + task.title }));
`;

/** Writes the agent's program; answers the host configuration that registers it. */
export function agentHostYml(directory: string): string {
  const program = join(directory, 'replay-agent.mjs');
  writeFileSync(program, AGENT);
  chmodSync(program, 0o644);
  const changes = join(directory, 'changes');
  return `agents:
  - name: replay
    role: worker
    backend: command
    argv: [${process.execPath}, ${program}, ${changes}]
    readOnly: [${program}, ${changes}]
    network: none
    timeout: 120
`;
}

/** Every file of a commit with its content. */
export function treeOf(repository: string, ref: string): Readonly<Record<string, string>> {
  const names = git(repository, 'ls-tree', '-r', '--name-only', '-z', ref).split('\0').filter(Boolean);
  return Object.fromEntries(names.map((name) => [name, git(repository, 'show', `${ref}:${name}`)]));
}

/** What the history ends with. */
export const finalTree = (
  first: Readonly<Record<string, string>>,
  changes: readonly Change[],
): Readonly<Record<string, string>> => Object.assign({}, first, ...changes.map(({ files }) => files));

/** Fetches the result from the forge, as the project's `git pull` line does. */
export async function fetchResult(repository: string, pullCommand: string): Promise<void> {
  // Not in this thread: it may be the one that serves the repository.
  await promisify(execFile)('sh', ['-c', `${pullCommand} --quiet --ff-only`], { cwd: repository });
}

export const firstParents = (repository: string): readonly string[] =>
  git(repository, 'log', '--first-parent', '--format=%s').trim().split('\n');
