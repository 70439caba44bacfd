import { requireObjectId } from './operands.js';
import type { Repository } from './repository.js';

export interface LogInput {
  readonly tip: string;
  /** Left out with everything below it. */
  readonly without?: string;
  readonly firstParent?: boolean;
  /** Default 100, at most 10,000. */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface LogEntry {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly authorName: string;
  readonly committedAt: string;
  readonly subject: string;
}

const MAX_ENTRIES = 10_000;
/** Apart by NUL, the one character that no name holds. */
const FIELDS = ['%H', '%P', '%an', '%ct', '%s'] as const;

/** Commits newest first. */
export async function listCommits(repo: Repository, input: LogInput): Promise<readonly LogEntry[]> {
  const limit = Math.min(input.limit ?? 100, MAX_ENTRIES);
  const { stdout } = await repo.git.run({
    command: 'log',
    gitDir: repo.dir,
    options: [
      '-z',
      '--no-show-signature',
      '--topo-order',
      `--max-count=${limit}`,
      ...(input.firstParent ? ['--first-parent'] : []),
      `--format=${FIELDS.join('%x00')}`,
    ],
    operands: [
      requireObjectId(input.tip),
      ...(input.without === undefined ? [] : [`^${requireObjectId(input.without)}`]),
    ],
    signal: input.signal,
  });
  const fields = stdout.toString('utf8').split('\0');
  return Array.from({ length: Math.floor(fields.length / FIELDS.length) }, (_, index) => {
    const [sha = '', parents = '', authorName = '', seconds = '', subject = ''] = fields.slice(index * FIELDS.length);
    return { sha, parents: parents.split(' ').filter(Boolean), authorName, committedAt: instantOf(seconds), subject };
  });
}

/** A commit may claim any time; one that no clock shows is shown as the first. */
const instantOf = (seconds: string): string => {
  const at = new Date(Number(seconds) * 1_000);
  return (Number.isNaN(at.getTime()) ? new Date(0) : at).toISOString();
};

/** `git log --graph --oneline` as text, for the terminal. */
export async function graphText(repo: Repository, input: LogInput): Promise<string> {
  const { stdout } = await repo.git.run({
    command: 'log',
    gitDir: repo.dir,
    options: [
      '--graph',
      '--no-color',
      '--no-show-signature',
      `--max-count=${Math.min(input.limit ?? 100, MAX_ENTRIES)}`,
      '--format=%h %s',
    ],
    operands: [
      requireObjectId(input.tip),
      ...(input.without === undefined ? [] : [`^${requireObjectId(input.without)}`]),
    ],
    signal: input.signal,
  });
  return stdout.toString('utf8').trimEnd();
}
