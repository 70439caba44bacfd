import { Failure } from '../../../domain/failures.js';
import type { Sandbox } from '../../sandbox/command.js';
import type { SandboxLimits } from '../../sandbox/limits.js';
import type { FileTools, ToolTree } from './file-tools.js';
import type { PermittedCall } from './permission.js';
import type { FileAnswer, FileRequest } from './program/answer.js';
import { runCommandTool, type ToolAnswer } from './run-command.js';
import { ToolError } from './tool-error.js';

export interface HostToolRunner {
  readonly sandbox: Sandbox;
  readonly files: FileTools;
  readonly limits?: SandboxLimits;
}

const DEFAULT_LINES = 2000;
const DEFAULT_RESULTS = 100;
const DEFAULT_SECONDS = 120;

/** Does one permitted call in the tree and answers the text of its result. @throws ToolError for what the model can mend */
export const performHostTool = async (
  { sandbox, files, limits }: HostToolRunner,
  { tool, input }: PermittedCall,
  tree: ToolTree,
  signal: AbortSignal,
): Promise<string> => {
  if (tool.name === 'run_command') {
    const request = {
      command: String(input.command),
      timeoutSeconds: Number(input.timeout_seconds ?? DEFAULT_SECONDS),
    };
    return textOf(await runCommandTool({ sandbox, ...(limits ? { limits } : {}) }, request, tree, signal));
  }
  return textOf(await files.run(fileRequest(tool.name, input), tree, signal));
};

/** The schema has made sure of the types. @throws Failure for a tool that is no file tool */
const fileRequest = (tool: string, input: Readonly<Record<string, unknown>>): FileRequest => {
  const path = String(input.path ?? '');
  const glob = input.glob === undefined ? {} : { glob: String(input.glob) };
  switch (tool) {
    case 'read_file':
      return { tool, path, offset: Number(input.offset ?? 1), limit: Number(input.limit ?? DEFAULT_LINES) };
    case 'write_file':
      return { tool, path, content: String(input.content) };
    case 'edit_file':
      return {
        tool,
        path,
        oldText: String(input.old_text),
        newText: String(input.new_text),
        replaceAll: input.replace_all === true,
      };
    case 'list_files':
      return { tool, path, ...glob };
    case 'search':
      return {
        tool,
        path,
        pattern: String(input.pattern),
        maxResults: Number(input.max_results ?? DEFAULT_RESULTS),
        ...glob,
      };
    default:
      throw new Failure('Internal', `${tool} is no tool of a host.`);
  }
};

const textOf = (answer: FileAnswer | ToolAnswer): string => {
  if (answer.ok) return answer.text;
  throw new ToolError(answer.code, answer.message);
};
