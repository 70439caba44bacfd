import { commitTree, type Person } from './commit.js';
import { whyNotWithin } from './footprint.js';
import { mergeTrees } from './merge.js';
import { factOf, readCommits } from './objects.js';
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
 * Composes base + members by merges in memory. Deterministic: equal input gives the equal commit. What needs no other
 * answer runs beside it, for starting a git takes as long as most of what it does here.
 * @throws NotFound when a commit is not in the mirror: fetch and repeat
 */
export async function composeCandidate(
  repo: Repository,
  { base, members, committer }: ComposeInput,
  signal?: AbortSignal,
): Promise<ComposeOutcome> {
  const heads = members.map(({ headSha }) => headSha);
  const [head] = heads;
  const [facts, first] = await Promise.all([
    readCommits(repo, [base, ...heads], signal),
    head === undefined ? undefined : mergeTrees(repo, base, head, signal),
  ]);
  let composed: Candidate = { parent: base, commit: base, tree: factOf(facts, base).tree };
  let atSeconds = factOf(facts, base).committedAtSeconds;
  for (const [at, member] of members.entries()) {
    const { entryId, headSha, author } = member;
    const parent = composed.commit;
    const merged = (at === 0 ? first : undefined) ?? (await mergeTrees(repo, parent, headSha, signal));
    if (merged.kind === 'conflict') {
      const before = members[at - 1];
      return { kind: 'conflict', with: before ? { entryId: before.entryId } : 'tip', entryId, files: merged.files };
    }
    const { tree } = merged;
    atSeconds = Math.max(atSeconds, factOf(facts, headSha).committedAtSeconds);
    const commitInput = { tree, parents: [parent, headSha], message: landingMessage(member), author, committer };
    const [commit, strays] = await Promise.all([
      commitTree(repo, { ...commitInput, atSeconds }, signal),
      at < members.length - 1 ? [] : whyNotWithin(repo, { base, candidate: tree, heads }, signal),
    ]);
    if (strays.length > 0) return { kind: 'conflict', with: 'tip', entryId, files: strays, footprint: true };
    composed = { parent, commit, tree };
  }
  return { kind: 'composed', ...composed };
}

/** Message of a commit that lands a pull request. Part of its sha: change it and open candidates change too. */
export const landingMessage = ({
  title,
  prNumber,
  entryId,
}: Pick<ComposeMember, 'title' | 'prNumber' | 'entryId'>): string =>
  `${title.replace(/\s+/g, ' ').trim()} (#${prNumber})\n\nMillwright-Entry: ${entryId}`;
