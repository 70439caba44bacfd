import type { LimitName, SandboxLimits } from './limits.js';
import type { RunListener } from './listener/stage.js';
import type { Captured } from './output.js';
import type { Bind, Network } from './profile.js';

/** One command in one working tree. */
export interface SandboxCommand {
  readonly argv: readonly string[];
  /** The working tree on the host. */
  readonly tree: string;
  readonly isTreeReadOnly?: boolean;
  /** Directory below the tree; its root when absent. */
  readonly cwd?: string;
  /** Everything the command finds in its environment beside HOME, PATH, TMPDIR, LANG and USER. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written at once, then closed. */
  readonly stdin?: string | Buffer;
  readonly network?: Network;
  /** Only where there is no other network, and for one command in a sandbox of its own. */
  readonly listener?: RunListener;
  readonly readOnly?: readonly Bind[];
  readonly writable?: readonly Bind[];
  /** Home and /tmp on disk instead of in memory; removed after the command. */
  readonly hasDiskScratch?: boolean;
  readonly limits: SandboxLimits;
  /**
   * Names a run. Its commands share one sandbox, so they find what the earlier ones left in their home directory and
   * /tmp, and start faster; they run one at a time, and no process outlives its command.
   */
  readonly session?: string;
  /** In a session: text of a module whose `answer(stdin)` is what `argv` would print. It needs no process. */
  readonly module?: string;
  /** Bytes kept of each stream. */
  readonly keepBytes?: number;
  /** The project's admin override. Where bubblewrap works it still wins the command its own uid and caps. */
  readonly isolation?: 'bubblewrap' | 'none';
}

export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'limit'; readonly limit: LimitName; readonly message: string };

/** Expected endings are returned; what prevents an answer is thrown as `Failure`. */
export interface CommandResult {
  readonly end: CommandEnd;
  readonly stdout: Captured;
  readonly stderr: Captured;
  readonly ms: number;
  /** `none` must be said aloud wherever the result is shown. */
  readonly isolation: 'bubblewrap' | 'none';
}

/** The port that everything which runs a repository's or a model's words uses. */
export interface Sandbox {
  /**
   * Runs the command; every process of it is dead when this answers or throws.
   * @throws NeverStarted when the sandbox could not be set up, InvalidState where there is none, or the signal's reason
   */
  run(command: SandboxCommand, signal?: AbortSignal): Promise<CommandResult>;
}

/** A sandbox whose sessions somebody looks after. */
export interface SessionSandbox extends Sandbox {
  /** Ends the sessions that use the tree. */
  endSessions(tree: string): Promise<void>;
}
