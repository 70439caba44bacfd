/** Exit codes: 0 done, 1 the work or the server said no, 2 the command itself was wrong. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Ends the command with a sentence for people and an exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    message: string,
    readonly exitCode: number = EXIT.failed,
    /** The API's problem document, printed as it is under `--json`. */
    readonly problem?: unknown,
  ) {
    super(message);
  }
}
