import { readFileAt } from './blobs.js';
import { failureReason } from './git-failures.js';
import { type MergeNote, mergeTrees } from './merge.js';
import type { Repository } from './repository.js';
import type { Trees } from './trees.js';

export interface ConflictWords {
  readonly path: string;
  /** For the agent that resolves it: what happened on each side. */
  readonly what: string;
}

export interface RebaseInput {
  readonly trees: Trees;
  readonly treeId: string;
  readonly tip: string;
  readonly headSha: string;
  readonly signal?: AbortSignal | undefined;
}

export interface RebasePreparation {
  readonly kind: 'clean' | 'conflict';
  readonly files: readonly ConflictWords[];
}

/**
 * Writes the merge of the target's tip into the task's head into the tree, conflict markers included. Nothing is
 * committed: the next commit of the tree gets the parents (head, tip).
 */
export async function prepareRebase(repo: Repository, input: RebaseInput): Promise<RebasePreparation> {
  const merged = await mergeTrees(repo, input.headSha, input.tip, input.signal);
  await input.trees.force(input.treeId, { repository: repo, to: merged.tree, signal: input.signal });
  if (merged.kind === 'clean') return { kind: 'clean', files: [] };
  return { kind: 'conflict', files: merged.files.map((path) => ({ path, what: wordsFor(path, merged.notes, input) })) };
}

function wordsFor(
  path: string,
  notes: readonly MergeNote[],
  sides: { readonly tip: string; readonly headSha: string },
): string {
  const told = notes.filter(({ paths }) => paths.includes(path)).map((note) => words(note, sides));
  return [...new Set(told)].join('; ') || 'both sides changed it';
}

/** Git's own type and sentence, with the two object ids named by what they are to the reader. */
function words({ kind, text }: MergeNote, sides: { readonly tip: string; readonly headSha: string }): string {
  const named = text.replaceAll(sides.tip, 'the target branch').replaceAll(sides.headSha, 'your branch');
  switch (kind) {
    case 'CONFLICT (contents)':
      return 'both sides changed the same lines: resolve the marked parts';
    case 'CONFLICT (add/add)':
      return 'both sides added this file: resolve the marked parts';
    case 'CONFLICT (binary)':
      return 'both sides changed this binary file; your version is in the tree, keep it or replace it';
    case 'CONFLICT (modify/delete)':
      return /deleted in the target branch/.test(named)
        ? 'the target branch deleted it and you changed it; your version is in the tree, delete it or keep it'
        : 'you deleted it and the target branch changed it; its version is in the tree, delete it or keep it';
    default:
      return named.replace(/^CONFLICT \(([^)]*)\): */, '$1: ');
  }
}

/** Git writes exactly seven signs and a blank; `=======` alone is an ordinary underline. */
const MARKER = /^(?:<{7}|>{7}) /m;

export interface MarkerInput {
  /** A snapshot of the tree, so that no link is followed. */
  readonly at: string;
  readonly paths: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Those of the files that still hold conflict markers. Deleted, binary and very large files hold none. */
export async function filesWithMarkers(
  repo: Repository,
  { at, paths, signal }: MarkerInput,
): Promise<readonly string[]> {
  const marked: string[] = [];
  for (const path of paths) {
    const content = await readText(repo, at, path, signal);
    if (content !== undefined && MARKER.test(content)) marked.push(path);
  }
  return marked;
}

async function readText(repo: Repository, at: string, path: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const content = await readFileAt(repo, { at, path, maxBytes: 16 * 2 ** 20, signal });
    return content?.includes(0) ? undefined : content?.toString('utf8');
  } catch (error) {
    // A file of more than 16 MiB is no text that an agent merged by hand.
    if (failureReason(error) === 'TOO_LARGE') return undefined;
    throw error;
  }
}
