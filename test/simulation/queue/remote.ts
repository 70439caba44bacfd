import type { Sha } from '../../../domain/merge/types.js';
import { sha, TIP } from '../../support/merge/states.js';

/** A pull request of the model: the world knows what the queue has to find out. */
export interface Change {
  readonly n: number;
  head: Sha;
  patch: string;
  /** Landed changes it has been rebased over. */
  readonly rebased: Set<number>;
}

const OUTSIDE = 1_000;
const MEND = 500;

/** What lies on the base branch. Checks are arbitrary, non-monotone functions of what is merged, fixed for a salt. */
export class Remote {
  tip: Sha = TIP;
  readonly changes = new Map<number, Change>();
  /** How often each change was merged. */
  readonly merges = new Map<number, number>();
  private readonly trees = new Map<Sha, ReadonlySet<number>>([[TIP, new Set()]]);
  private readonly history: Sha[] = [TIP];
  private nextSha = 5_000;

  /** @param isHot every change touches the same lines as every other */
  constructor(
    private readonly salt: number,
    private readonly isHot: boolean,
  ) {}

  newSha(): Sha {
    return sha(this.nextSha++);
  }

  treeOf(commit: Sha): ReadonlySet<number> {
    return this.trees.get(commit) ?? new Set();
  }

  with(commit: Sha, changes: readonly Change[]): ReadonlySet<number> {
    return new Set([...this.treeOf(commit), ...changes.map(({ n }) => n)]);
  }

  contains(commit: Sha): boolean {
    return this.history.includes(commit);
  }

  /** Commit that brought the change to the base. */
  mergeOf(n: number): Sha | undefined {
    return this.history.find((commit) => this.treeOf(commit).has(n));
  }

  /** A guarded push: under a lease on the base, and found again when it is repeated. */
  push(commit: Sha, base: Sha, changes: readonly Change[]): 'landed' | 'baseMoved' {
    if (this.contains(commit)) return 'landed';
    if (this.tip !== base) return 'baseMoved';
    this.move(commit, this.with(base, changes));
    for (const { n } of changes) this.merges.set(n, (this.merges.get(n) ?? 0) + 1);
    return 'landed';
  }

  /** Somebody pushes past the queue. What breaks the checks does so until its mend is pushed as well. */
  pushOutside(number: number, what: 'sound' | 'breaks' | 'mends'): void {
    const n = OUTSIDE + 2 * number + (what === 'sound' ? 0 : 1) + (what === 'mends' ? MEND : 0);
    this.move(this.newSha(), new Set([...this.treeOf(this.tip), n]));
  }

  passes(set: ReadonlySet<number>): boolean {
    if (isBroken(set)) return false;
    const key = [...set].sort((a, b) => a - b).join(',');
    let hash = this.salt ^ 0x9e3779b9;
    for (const char of key) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    return (hash >>> 0) % 100 < 72;
  }

  /** Green unless an outsider broke it; what the queue landed was tested. */
  isGreen(commit: Sha): boolean {
    return !isBroken(this.treeOf(commit));
  }

  /** Textual conflicts end when the author has rebased over them; outsiders' commits never conflict. */
  conflicts({ n, rebased }: Change, commit: Sha): boolean {
    return [...this.treeOf(commit)].some(
      (other) =>
        other < OUTSIDE &&
        other !== n &&
        !rebased.has(other) &&
        (this.isHot || (n * 31 + other * 17 + this.salt) % 100 < 18),
    );
  }

  private move(commit: Sha, tree: ReadonlySet<number>): void {
    this.trees.set(commit, tree);
    this.history.push(commit);
    this.tip = commit;
  }
}

const isBroken = (set: ReadonlySet<number>): boolean =>
  [...set].some((n) => n >= OUTSIDE && n < OUTSIDE + MEND && n % 2 === 1 && !set.has(n + MEND));
