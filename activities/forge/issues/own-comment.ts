import { FAILURES, Failure } from '../../../domain/failures.js';
import { keepOwnComment } from '../../../infra/forge/own-comment.js';
import type { Intake } from './ports.js';

export interface Shown {
  /** Of the issue or pull request. */
  readonly key: string;
  /** Names the comment among ours on that page. */
  readonly marker: string;
  /** Of our own words, with foreign ones defused. */
  readonly text: string;
  /** An edit sooner than this after the last one waits for the next look. */
  readonly atMostEveryMs: number;
}

/**
 * Keeps one comment of ours at what it should say. A limit or an outage leaves it for the next look.
 * @returns whether it says so now
 */
export async function showComment({ deps, projectId, tracker, signal }: Intake, shown: Shown): Promise<boolean> {
  const { key, marker, text, atMostEveryMs } = shown;
  const said = (words: string) => ({ key, marker, text: words });
  try {
    const ended = await keepOwnComment(
      deps.pools.writes,
      { projectId, key, marker },
      { text, atMostEveryMs },
      {
        find: () => tracker.findOwnComment(projectId, key, marker, signal),
        create: (words) => tracker.createComment(projectId, said(words), signal),
        edit: (id, words) => tracker.editComment(projectId, id, said(words), signal),
      },
    );
    return ended === 'said';
  } catch (error) {
    if (isPassing(error)) return false;
    throw error;
  }
}

/** What the next look may find mended. */
export const isPassing = (error: unknown): boolean => error instanceof Failure && FAILURES[error.type].retryable;
