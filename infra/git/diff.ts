import { requireObjectId } from './operands.js';
import { pathText, type Repository, splitNul } from './repository.js';

export interface DiffInput {
  readonly from: string;
  readonly to: string;
  /** Default 1 MiB; the text is cut there. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface FileChange {
  /** `A` added, `M` modified, `D` deleted, `R` renamed, `T` kind changed. */
  readonly status: string;
  readonly path: string;
  readonly previousPath?: string;
  /** Null for binary files. */
  readonly added: number | null;
  readonly deleted: number | null;
}

export interface DiffText {
  readonly text: string;
  readonly truncated: boolean;
}

const PLAIN = ['-r', '--no-ext-diff', '--no-textconv', '--ignore-submodules=none', '-M'];

/** The difference of two commits or trees as people read it. */
export async function diffText(repo: Repository, input: DiffInput): Promise<DiffText> {
  const { stdout, truncated } = await repo.git.run({
    command: 'diff-tree',
    gitDir: repo.dir,
    options: ['-p', '--no-color', ...PLAIN],
    operands: [requireObjectId(input.from), requireObjectId(input.to)],
    maxOutputBytes: input.maxBytes ?? 2 ** 20,
    onOverflow: 'truncate',
    signal: input.signal,
  });
  return { text: stdout.toString('utf8'), truncated };
}

/** Changed files with their line counts, renames followed. */
export async function listChanges(repo: Repository, input: DiffInput): Promise<readonly FileChange[]> {
  const ids = [requireObjectId(input.from), requireObjectId(input.to)];
  const call = { command: 'diff-tree', gitDir: repo.dir, operands: ids, signal: input.signal } as const;
  const [statuses, counts] = await Promise.all([
    repo.git.run({ ...call, options: ['-z', '--name-status', ...PLAIN] }),
    repo.git.run({ ...call, options: ['-z', '--numstat', ...PLAIN] }),
  ]);
  const lines = countsByPath(splitNul(counts.stdout));
  const fields = splitNul(statuses.stdout);
  const changes: FileChange[] = [];
  for (let at = 0; at < fields.length; ) {
    const letter = (fields[at] ?? '').charAt(0);
    const isPair = letter === 'R' || letter === 'C';
    const path = fields[at + (isPair ? 2 : 1)] ?? '';
    changes.push({
      status: letter,
      path: pathText(path),
      ...(isPair ? { previousPath: pathText(fields[at + 1] ?? '') } : {}),
      ...(lines.get(path) ?? { added: null, deleted: null }),
    });
    at += isPair ? 3 : 2;
  }
  return changes;
}

type Counts = Pick<FileChange, 'added' | 'deleted'>;

/** `<added> TAB <deleted> TAB <path>`; a rename has an empty path and its two names in the next fields. */
function countsByPath(fields: readonly string[]): ReadonlyMap<string, Counts> {
  const counts = new Map<string, Counts>();
  for (let at = 0; at < fields.length; ) {
    const [added = '', deleted = '', ...rest] = (fields[at] ?? '').split('\t');
    const path = rest.join('\t');
    counts.set(path === '' ? (fields[at + 2] ?? '') : path, { added: numberOf(added), deleted: numberOf(deleted) });
    at += path === '' ? 3 : 1;
  }
  return counts;
}

/** `-` is what git says of binary files. */
const numberOf = (text: string): number | null => (/^\d+$/.test(text) ? Number(text) : null);
