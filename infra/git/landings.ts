import { requireObjectId } from './operands.js';
import type { Repository } from './repository.js';

/** A merge of the queue, as the branch itself tells of it. */
export interface LandingCommit {
  readonly sha: string;
  readonly headSha: string;
  readonly baseSha: string;
  readonly entryId: string;
  readonly prNumber: number;
  readonly title: string;
  readonly landedAtSeconds: number;
  /** Whose work the head is; undefined when it is no task's. */
  readonly taskId?: string;
  /** The head is itself a landing, on a branch of an epic: that of this task. */
  readonly lastTaskId?: string;
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** The whole message: what an agent writes is never all of one, for each commit of a task ends with the task's line. */
const LANDING = new RegExp(`^([^\\n]*) \\(#(\\d+)\\)\\n\\nMillwright-Entry: (${UUID})$`);
const TASK = new RegExp(`\\nMillwright-Task: (${UUID})$`);
/** More than any queue lands between two looks; older ones are not what was lost. */
const MAX_COMMITS = 20_000;

/** Merges of the queue that `tip` holds, newest first, as far as they are younger than `sinceSeconds`. */
export async function listLandings(
  repo: Repository,
  { tip, sinceSeconds, signal }: { tip: string; sinceSeconds: number; signal?: AbortSignal | undefined },
): Promise<readonly LandingCommit[]> {
  const { stdout } = await repo.git.run({
    command: 'log',
    gitDir: repo.dir,
    options: [
      '-z',
      '--no-show-signature',
      `--max-count=${MAX_COMMITS}`,
      `--since=${new Date(sinceSeconds * 1_000).toISOString()}`,
      '--format=%H%x00%P%x00%ct%x00%B',
    ],
    operands: [requireObjectId(tip)],
    signal,
  });
  const fields = stdout.toString('utf8').split('\0');
  const commits = new Map<string, { parents: readonly string[]; atSeconds: number; message: string }>();
  for (let at = 0; at + 4 <= fields.length; at += 4) {
    const [sha = '', parents = '', atSeconds = '', message = ''] = fields.slice(at);
    commits.set(sha, { parents: parents.split(' '), atSeconds: Number(atSeconds), message: message.trimEnd() });
  }
  const taskOf = (sha: string): string | undefined => TASK.exec(commits.get(sha)?.message ?? '')?.[1];
  return [...commits].flatMap(([sha, { parents, atSeconds, message }]) => {
    const [, title = '', prNumber = '', entryId = ''] = LANDING.exec(message) ?? [];
    const [baseSha, headSha] = parents;
    if (entryId === '' || baseSha === undefined || headSha === undefined) return [];
    const taskId = taskOf(headSha);
    const below = commits.get(headSha);
    const lastTaskId = LANDING.test(below?.message ?? '') ? taskOf(below?.parents[1] ?? '') : undefined;
    return [
      {
        sha,
        headSha,
        baseSha,
        entryId,
        prNumber: Number(prNumber),
        title,
        landedAtSeconds: atSeconds,
        ...(taskId === undefined ? {} : { taskId }),
        ...(lastTaskId === undefined ? {} : { lastTaskId }),
      },
    ];
  });
}
