import type { ToolErrorCode } from '../../../domain/failures.js';
import { logOf } from '../../checks/log-text.js';
import type { Sandbox } from '../../sandbox/command.js';
import { hostLimits, type SandboxLimits } from '../../sandbox/limits.js';
import type { ToolTree } from './file-tools.js';
import { whyNotCommand } from './refused-commands.js';

export type ToolAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: ToolErrorCode; readonly message: string };

export interface RunCommandRequest {
  readonly command: string;
  readonly timeoutSeconds: number;
}

export interface RunCommandDeps {
  readonly sandbox: Sandbox;
  readonly limits?: SandboxLimits;
}

/** What a model gets to read of a command's output; the beginning and the end are kept. */
const KEEP_BYTES = 32 * 1024;
const TOGETHER = 'exec 2>&1; exec sh -c "$1"';

/** `sh -c` in the tree, without network. A command that fails is an answer with its exit code, not an error. */
export const runCommandTool = async (
  { sandbox, limits = hostLimits() }: RunCommandDeps,
  { command, timeoutSeconds }: RunCommandRequest,
  tree: ToolTree,
  signal?: AbortSignal,
): Promise<ToolAnswer> => {
  if (command.includes('\0')) return { ok: false, code: 'INVALID_INPUT', message: 'A command must not contain NUL.' };
  const refusal = whyNotCommand(command);
  if (refusal !== undefined) return { ok: false, code: 'PERMISSION_DENIED', message: refusal };
  const result = await sandbox.run(
    {
      argv: ['/bin/sh', '-c', TOGETHER, 'command', command],
      tree: tree.path,
      isTreeReadOnly: tree.isReadOnly,
      env: { CI: 'true' },
      isolation: tree.isolation,
      ...(tree.session === undefined ? {} : { session: tree.session }),
      keepBytes: KEEP_BYTES,
      limits: { ...limits, wallMs: timeoutSeconds * 1000 },
    },
    signal,
  );
  return { ok: true, text: logOf(command, result) };
};
