import picomatch from 'picomatch';
import type { CommandResult, Sandbox, SandboxCommand } from '../../sandbox/command.js';
import { hostLimits, type SandboxLimits } from '../../sandbox/limits.js';
import { capturedText } from '../../sandbox/output.js';
import { TREE_INSIDE } from '../../sandbox/profile.js';
import { placeProgram } from '../../sandbox/program-file.js';
import type { FileAnswer, FileLimits, FileRequest } from './program/answer.js';
import { moduleText, programText } from './program/text.js';

export interface ToolTree {
  /** Directory of the files on the host. */
  readonly path: string;
  readonly isReadOnly: boolean;
  readonly isolation: 'bubblewrap' | 'none';
  /** Outputs of `setup`: list and search pass over them. */
  readonly ignoredPaths: readonly string[];
  /** Present: calls with the same one share a sandbox. */
  readonly session?: string;
}

const PROGRAM_INSIDE = '/run/millwright/file-tools.mjs';
const MAX_FILE_BYTES = 4 * 1024 ** 2;
const MAX_TEXT_BYTES = 64 * 1024;
const MAX_LISTED = 2000;
const IGNORED_NAMES = ['.git', 'node_modules', '.venv', '__pycache__'];
/** Ends a regular expression that would try for ever. */
const WALL_MS = 20_000;
const KEEP_BYTES = 16 * 1024 ** 2;
const ALONE_BYTES = 512 * 1024 ** 2;

/** The file tools: each call is answered by a small program in a sandbox, so the kernel resolves every path in there. */
export class FileTools {
  private readonly module = moduleText();

  private constructor(
    private readonly sandbox: Sandbox,
    private readonly program: string,
    private readonly limits: SandboxLimits,
  ) {}

  /** @param directory of ours, that the service user can reach; the program is written there */
  /**
   * @param directory of ours, that the service user can reach; the program is written there
   * @param limits of the sandbox; a call's own time is shorter
   */
  static async open(sandbox: Sandbox, directory: string, limits = hostLimits()): Promise<FileTools> {
    const program = await placeProgram(directory, 'file-tools', programText());
    return new FileTools(sandbox, program, { ...limits, wallMs: WALL_MS });
  }

  async run(request: FileRequest, tree: ToolTree, signal?: AbortSignal): Promise<FileAnswer> {
    const prepared = prepare(request);
    if ('ok' in prepared) return prepared;
    const isPlain = tree.isolation === 'none';
    const { session } = isPlain ? {} : tree;
    const limits: FileLimits = {
      root: isPlain ? tree.path : TREE_INSIDE,
      maxFileBytes: MAX_FILE_BYTES,
      maxTextBytes: MAX_TEXT_BYTES,
      maxListed: MAX_LISTED,
      ignoredNames: IGNORED_NAMES,
      ignoredPaths: tree.ignoredPaths,
    };
    const command: SandboxCommand = {
      argv: [process.execPath, isPlain ? this.program : PROGRAM_INSIDE],
      tree: tree.path,
      stdin: JSON.stringify({ request: prepared, limits }),
      isolation: tree.isolation,
      keepBytes: KEEP_BYTES,
      limits: this.limits,
    };
    // A sandbox of its own is made as narrow as the call; a session's is made for all calls of the run.
    const result = await this.sandbox.run(
      session === undefined
        ? {
            ...command,
            isTreeReadOnly: tree.isReadOnly || isReading(request),
            readOnly: [{ source: this.program, target: PROGRAM_INSIDE }],
            limits: { ...this.limits, memoryBytes: Math.min(this.limits.memoryBytes, ALONE_BYTES) },
          }
        : { ...command, isTreeReadOnly: tree.isReadOnly, session, module: this.module },
      signal,
    );
    return answerOf(result);
  }
}

const isReading = ({ tool }: FileRequest): boolean => tool !== 'write_file' && tool !== 'edit_file';

/** Globs become regular expressions; a pattern that is none is refused here, where the reason is at hand. */
const prepare = (request: FileRequest): FileRequest | FileAnswer => {
  if (request.tool !== 'list_files' && request.tool !== 'search') return request;
  if (request.tool === 'search') {
    try {
      new RegExp(request.pattern);
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'invalid';
      return { ok: false, code: 'INVALID_INPUT', message: `pattern is no regular expression: ${reason}` };
    }
  }
  if (request.glob === undefined) return request;
  return { ...request, glob: picomatch.makeRe(request.glob, { dot: true }).source };
};

const answerOf = (result: CommandResult): FileAnswer => {
  const { end } = result;
  if (end.kind === 'limit') {
    return end.limit === 'time'
      ? {
          ok: false,
          code: 'INVALID_INPUT',
          message: 'The search took too long: use a simpler pattern or a narrower path.',
        }
      : { ok: false, code: 'INVALID_STATE', message: end.message };
  }
  try {
    // Written by our own program; anything else than its answer is caught below.
    const answer = JSON.parse(capturedText(result.stdout)) as FileAnswer;
    if (typeof answer.ok === 'boolean') return answer;
  } catch {
    // Said below: the program died before it could answer.
  }
  const reason = capturedText(result.stderr).slice(-300);
  return { ok: false, code: 'INTERNAL_ERROR', message: `The file tool ended with ${end.code}: ${reason}` };
};
