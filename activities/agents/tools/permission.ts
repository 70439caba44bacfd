import { lookUpTool } from '../../../domain/tools/catalogue.js';
import type { ToolDefinition } from '../../../domain/tools/schema.js';
import type { AgentRun } from '../../store/agent-run.repository.js';
import { checkArguments } from './arguments.js';
import { ToolError } from './tool-error.js';

export interface PermittedCall {
  readonly tool: ToolDefinition;
  readonly input: Readonly<Record<string, unknown>>;
}

/**
 * What stands before every call, wherever it runs: the tool exists, the role may call it, the arguments fit.
 * @throws ToolError TOOL_NOT_FOUND, PERMISSION_DENIED, INVALID_INPUT
 */
export function permitCall(run: Pick<AgentRun, 'role' | 'kind'>, name: string, input: unknown): PermittedCall {
  const found = lookUpTool(run.role, run.kind, name);
  if (found.kind === 'unknown') throw new ToolError('TOOL_NOT_FOUND', `There is no tool named ${name}.`);
  if (found.kind === 'denied') throw new ToolError('PERMISSION_DENIED', `A ${run.role} may not call ${name}.`);
  return { tool: found.tool, input: checkArguments(found.tool, input) };
}
