import { EDIT_FILE, LIST_FILES, READ_FILE, RUN_COMMAND, SEARCH, WRITE_FILE } from './file-tools.js';
import type { ToolDefinition } from './schema.js';
import {
  LOG_DECISION,
  MAIL_LIST_INBOX,
  MAIL_READ,
  MAIL_REPLY,
  MAIL_SEND,
  PLAN_COMPLETE,
  TASK_BLOCK,
  TASK_COMPLETE,
  WORK_COMPLETE,
} from './store-tools.js';

export type AgentRole = 'orchestrator' | 'supervisor' | 'worker' | 'reviewer' | 'droid';
export type RunKind = 'planning' | 'supervision' | 'execution' | 'debug' | 'integration';

const MAIL = [MAIL_LIST_INBOX, MAIL_READ, MAIL_SEND, MAIL_REPLY] as const;
const LOOK = [READ_FILE, LIST_FILES, SEARCH] as const;
const CHANGE = [WRITE_FILE, EDIT_FILE, RUN_COMMAND] as const;

/** Every tool of this version. Three definitions share the name task_complete: see `completeFor`. */
export const TOOLS: readonly ToolDefinition[] = [...LOOK, ...CHANGE, LOG_DECISION, ...MAIL, TASK_COMPLETE, TASK_BLOCK];

/** Role → tools, the permission table. What a role does not list it may not call, whatever a prompt says. */
const ALLOWED: Readonly<Record<AgentRole, readonly ToolDefinition[]>> = {
  worker: TOOLS,
  supervisor: [...LOOK, LOG_DECISION, ...MAIL, TASK_COMPLETE, TASK_BLOCK],
  reviewer: [...LOOK, LOG_DECISION, ...MAIL, TASK_COMPLETE, TASK_BLOCK],
  orchestrator: [LOG_DECISION, ...MAIL, TASK_COMPLETE, TASK_BLOCK],
  droid: [...LOOK, LOG_DECISION, TASK_COMPLETE, TASK_BLOCK],
};

/** The tools offered to a run, in the fixed order that keeps the prompt's prefix stable. */
export const toolsFor = (role: AgentRole, kind: RunKind): readonly ToolDefinition[] =>
  ALLOWED[role].map((tool) => (tool.name === TASK_COMPLETE.name ? completeFor(role, kind) : tool));

/** A plan is handed in, files are looked at, and what only answers mail is believed. */
function completeFor(role: AgentRole, kind: RunKind): ToolDefinition {
  if (kind === 'planning') return PLAN_COMPLETE;
  return role === 'worker' ? WORK_COMPLETE : TASK_COMPLETE;
}

export type ToolLookup =
  | { readonly kind: 'allowed'; readonly tool: ToolDefinition }
  | { readonly kind: 'denied'; readonly tool: ToolDefinition }
  | { readonly kind: 'unknown' };

/** Whether a run of this role and kind may call `name`. A name no tool has is `unknown`, not `denied`. */
export function lookUpTool(role: AgentRole, kind: RunKind, name: string): ToolLookup {
  const allowed = toolsFor(role, kind).find((tool) => tool.name === name);
  if (allowed) return { kind: 'allowed', tool: allowed };
  const tool = TOOLS.find((known) => known.name === name);
  return tool ? { kind: 'denied', tool } : { kind: 'unknown' };
}
