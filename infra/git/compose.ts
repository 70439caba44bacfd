import { commitTree, type Person } from './commit.js';
import { whyNotWithin } from './footprint.js';
import { mergeTrees } from './merge.js';
import { readCommit } from './objects.js';
import type { Repository } from './repository.js';

/** One pull request as it enters a candidate. */
export interface ComposeMember {
  readonly entryId: string;
  readonly headSha: string;
  /** Frozen at inspection: it is part of the commit's message, hence of its sha. */
  readonly title: string;
  readonly prNumber: number;
  readonly author: Person;
}

export interface ComposeInput {
  readonly base: string;
  /** In rank order: each becomes one first-parent commit on what comes before it. */
  readonly members: readonly ComposeMember[];
  /** The project's bot. */
  readonly committer: Person;
}

export interface Candidate {
  /** First parent of `commit`: the base, or the commit of the member before. */
  readonly parent: string;
  readonly commit: string;
  readonly tree: string;
}

export type ComposeOutcome =
  | ({ readonly kind: 'composed' } & Candidate)
  | {
      readonly kind: 'conflict';
      /** What the failing member met: the base alone, or the entry that was merged just before it. */
      readonly with: 'tip' | { readonly entryId: string };
      readonly entryId: string;
      readonly files: readonly string[];
      /** The merge would change files that no member touched. */
      readonly footprint?: true;
    };

/**
 * Composes base + members by merges in memory. Deterministic: equal input gives the equal commit.
 * @throws NotFound when a commit is not in the mirror: fetch and repeat
 */
export async function composeCandidate(
  repo: Repository,
  input: ComposeInput,
  signal?: AbortSignal,
): Promise<ComposeOutcome> {
  let parent = input.base;
  let composed: Candidate = { parent, commit: parent, tree: (await readCommit(repo, parent, signal)).tree };
  for (const [at, member] of input.members.entries()) {
    const merged = await mergeTrees(repo, parent, member.headSha, signal);
    const before = input.members[at - 1];
    const met = before === undefined ? 'tip' : { entryId: before.entryId };
    if (merged.kind === 'conflict')
      return { kind: 'conflict', with: met, entryId: member.entryId, files: merged.files };
    const commit = await commitMerge(repo, { parent, tree: merged.tree, member, committer: input.committer }, signal);
    composed = { parent, commit, tree: merged.tree };
    parent = commit;
  }
  const heads = input.members.map(({ headSha }) => headSha);
  const strays = await whyNotWithin(repo, { base: input.base, candidate: composed.commit, heads }, signal);
  const last = input.members.at(-1);
  if (strays.length > 0 && last !== undefined)
    return { kind: 'conflict', with: 'tip', entryId: last.entryId, files: strays, footprint: true };
  return { kind: 'composed', ...composed };
}

interface MergeCommit {
  readonly parent: string;
  readonly tree: string;
  readonly member: ComposeMember;
  readonly committer: Person;
}

async function commitMerge(repo: Repository, merge: MergeCommit, signal?: AbortSignal): Promise<string> {
  const { parent, tree, member, committer } = merge;
  const [below, head] = [await readCommit(repo, parent, signal), await readCommit(repo, member.headSha, signal)];
  return commitTree(
    repo,
    {
      tree,
      parents: [parent, member.headSha],
      message: landingMessage(member),
      author: member.author,
      committer,
      atSeconds: Math.max(below.committedAtSeconds, head.committedAtSeconds),
    },
    signal,
  );
}

/** Message of a commit that lands a pull request. Part of its sha: change it and open candidates change too. */
export const landingMessage = ({
  title,
  prNumber,
  entryId,
}: Pick<ComposeMember, 'title' | 'prNumber' | 'entryId'>): string =>
  `${title.replace(/\s+/g, ' ').trim()} (#${prNumber})\n\nMillwright-Entry: ${entryId}`;
