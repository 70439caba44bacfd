import { Failure } from '../../domain/failures.js';

/** A branch that the forge calls otherwise than our rows, refs and workflows do: they keep the name it began with. */
export interface RenamedBranch {
  readonly here: string;
  readonly there: string;
}

const BRANCHES = 'refs/heads/';

export const branchThere = (renamed: RenamedBranch | undefined, branch: string): string =>
  renamed?.here === branch ? renamed.there : branch;

/** A later branch under the old name is another one, so it gets a name that none of ours has. */
export const branchHere = (renamed: RenamedBranch | undefined, name: string): string =>
  renamed?.there === name ? renamed.here : renamed?.here === name ? `heads/${name}` : name;

/** What a remote calls our branches. Learns a new name when it is asked for a branch that is not there. */
export class BranchNames {
  constructor(
    private renamed: RenamedBranch | undefined,
    private readonly ask: (branch: string, signal?: AbortSignal) => Promise<RenamedBranch | undefined>,
  ) {}

  current(): RenamedBranch | undefined {
    return this.renamed;
  }

  here(name: string): string {
    return branchHere(this.renamed, name);
  }

  /** @param ref `refs/heads/<branch>`, or any other, which has one name */
  refThere(ref: string): string {
    if (!ref.startsWith(BRANCHES)) return ref;
    return `${BRANCHES}${branchThere(this.renamed, ref.slice(BRANCHES.length))}`;
  }

  /**
   * Asks the forge what became of a branch that git does not find. @returns whether it has another name now
   * @throws InvalidState (`BASE_GONE`) for a project's base that has none; Unavailable where git is late
   */
  async lookFor(branch: string, signal?: AbortSignal): Promise<boolean> {
    const found = await this.ask(branch, signal);
    if (found === undefined) return false;
    if (found.there === branchThere(this.renamed, branch))
      throw new Failure('Unavailable', `git does not show ${found.there} yet`, { reason: 'REF' });
    this.renamed = found;
    return true;
  }
}

export const refThere = (remote: { readonly names?: BranchNames }, ref: string): string =>
  remote.names?.refThere(ref) ?? ref;
