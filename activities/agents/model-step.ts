import { lookUpTool } from '../../domain/tools/catalogue.js';
import type { ModelStep, ToolCallRef } from '../../workflows/contract/activities/agents.js';
import type { AgentRun } from '../store/agent-run.repository.js';
import type { TurnCall } from '../store/turn.repository.js';

/** A reply with more calls than this is answered with an error for each further one. */
export const MAX_CALLS_PER_TURN = 32;
const MAX_TEXT = 500;

/** Names that no tool has, or that the role lacks, go to the store queue, where they are answered with a typed error. */
export function callRef(run: Pick<AgentRun, 'role' | 'kind'>, { id, name, title }: TurnCall): ToolCallRef {
  const found = lookUpTool(run.role, run.kind, name);
  const isAllowed = found.kind === 'allowed';
  return {
    callId: id,
    name,
    where: isAllowed ? found.tool.where : 'store',
    summary: title,
    readOnly: !isAllowed || found.tool.readOnly,
  };
}

export interface ReplyFacts {
  readonly stopReason: string;
  readonly calls: readonly TurnCall[];
  readonly text: string;
}

/** What a kept reply means for the run; a history carries no more of it than this. */
export function stepOf(run: Pick<AgentRun, 'role' | 'kind'>, { stopReason, calls, text }: ReplyFacts): ModelStep {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
  if (stopReason === 'refusal') return { kind: 'refused', reason: short || 'The model refuses to go on.' };
  if (calls.length === 0) return { kind: 'silent', text: short };
  return { kind: 'calls', calls: calls.slice(0, MAX_CALLS_PER_TURN).map((call) => callRef(run, call)) };
}

/** The text of a reply, from its encoded blocks. */
export function replyText(blocks: string): string {
  const list = JSON.parse(blocks) as readonly { readonly type: string; readonly text?: string }[];
  return list.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join('');
}
