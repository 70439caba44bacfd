import type { RequiredContext } from '../../domain/forge/required-context.js';

/** What the forge's CI last said of a commit under one context. */
export interface ContextRun {
  readonly kind: 'run' | 'status';
  readonly id: number;
  /** Another one means that something was said anew. */
  readonly mark: string;
  /** In the forge's words; null until it has ended. */
  readonly conclusion: string | null;
  /** How long it ran, in milliseconds. */
  readonly ms: number;
  /** A job of the forge's own CI, whose log can be read. */
  readonly isJob: boolean;
  readonly url: string | null;
  readonly title: string | null;
  readonly summary: string | null;
  readonly text: string | null;
  readonly annotations: number;
}

/** The CI of a forge that has one. Every method but `runAgain` only reads. */
export interface ForgeChecks {
  /** What the rules of the branch require; empty where the forge has no rules. */
  required(projectId: string, branch: string, signal?: AbortSignal): Promise<readonly RequiredContext[]>;
  /** The newest word; undefined while there is none. */
  read(projectId: string, sha: string, context: RequiredContext, signal?: AbortSignal): Promise<ContextRun | undefined>;
  /** Asks for it anew; harmless while it runs. @returns false where nobody can be asked */
  runAgain(projectId: string, run: ContextRun, signal?: AbortSignal): Promise<boolean>;
  /** Everything that says why it failed, as it came; the end of it where it is long. */
  log(projectId: string, run: ContextRun, signal?: AbortSignal): Promise<string>;
}
