import type { AgentRole, RunKind } from '../../../domain/tools/catalogue.js';
import { SUPERVISOR_PLANNING } from './supervisor-planning.js';
import { SUPERVISOR_SUPERVISION } from './supervisor-supervision.js';
import { WORKER_DEBUG } from './worker-debug.js';
import { WORKER_EXECUTION } from './worker-execution.js';
import { WORKER_INTEGRATION } from './worker-integration.js';

const BY_KIND: Readonly<Record<RunKind, string>> = {
  planning: SUPERVISOR_PLANNING,
  supervision: SUPERVISOR_SUPERVISION,
  execution: WORKER_EXECUTION,
  debug: WORKER_DEBUG,
  integration: WORKER_INTEGRATION,
};

/**
 * The system prompt of a run. It depends on role and kind alone: no clock, id or name, so that all runs of a kind share
 * one cached prefix.
 */
export const systemPrompt = (_role: AgentRole, kind: RunKind): string => BY_KIND[kind];
