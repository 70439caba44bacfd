import { Failure } from '../../domain/failures.js';
import { requireObjectId } from './operands.js';
import { type Repository, splitNul } from './repository.js';

export interface ReadFileInput {
  /** Commit or tree. */
  readonly at: string;
  /** From the root, `/` between parts. */
  readonly path: string;
  /** Default 1 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A regular file's content at a commit or tree; undefined when there is none, or the path names a directory, a
 * symbolic link or a submodule. @throws InvalidInput when it is larger than `maxBytes`
 */
export async function readFileAt(repo: Repository, input: ReadFileInput): Promise<Buffer | undefined> {
  const { stdout: listed } = await repo.git.run({
    command: 'ls-tree',
    gitDir: repo.dir,
    options: ['-z', '-l', '--full-tree'],
    operands: [requireObjectId(input.at, 'tree')],
    paths: [input.path],
    signal: input.signal,
  });
  const match = /^100(?:644|755) blob ([0-9a-f]{40}) +(\d+)\t/.exec(splitNul(listed)[0] ?? '');
  if (!match?.[1]) return undefined;
  const maxBytes = input.maxBytes ?? 2 ** 20;
  if (Number(match[2]) > maxBytes)
    throw new Failure('InvalidInput', `${input.path} is larger than ${maxBytes} bytes`, { reason: 'TOO_LARGE' });
  const { stdout } = await repo.git.run({
    command: 'cat-file',
    gitDir: repo.dir,
    options: ['blob'],
    operands: [match[1]],
    signal: input.signal,
  });
  return stdout;
}
