import type { AgentRole, RunKind } from '../../domain/tools/catalogue.js';
import type { Queryable } from '../../infra/pg/statement.js';

/** What a step of a run needs to know of its row, agent and project. */
export interface AgentRun {
  readonly runId: string;
  readonly kind: RunKind;
  readonly model: string | null;
  readonly promptRef: string | null;
  readonly agentId: string;
  readonly agentName: string;
  readonly role: AgentRole;
  readonly maxTokens: number | null;
  readonly projectId: string;
  readonly taskId: string | null;
  readonly epicId: string | null;
  /** Who filed the task or epic: questions without a supervisor go there. */
  readonly createdBy: string | null;
  readonly epicBudgetMicroUsd: number | null;
  /** `limits` of the project's effective configuration; keys may be absent while it is being imported. */
  readonly limits: ConfiguredLimits | null;
  readonly configuredMaxTokens: number | null;
}

export interface ConfiguredLimits {
  readonly run?: { readonly turns?: number; readonly tokens?: number; readonly dollars?: number };
  readonly task?: { readonly tokens?: number; readonly dollars?: number };
  readonly epic?: { readonly tokens?: number; readonly dollars?: number };
}

export async function findAgentRun(db: Queryable, runId: string): Promise<AgentRun | undefined> {
  const { rows } = await db.query<AgentRun>({
    name: 'find-agent-run',
    text: `SELECT r.id AS "runId", r.kind, r.model, r.prompt_ref AS "promptRef", a.id AS "agentId", a.name AS "agentName",
                  a.role, a.max_tokens AS "maxTokens", r.project_id AS "projectId", r.task_id AS "taskId",
                  r.epic_id AS "epicId", coalesce(t.created_by, e.created_by) AS "createdBy",
                  e.budget_micro_usd AS "epicBudgetMicroUsd", p.config -> 'limits' AS limits,
                  (p.config #>> ARRAY['agents', a.role, 'maxTokens'])::int AS "configuredMaxTokens"
           FROM run r JOIN agent a ON a.id = r.agent_id JOIN project p ON p.id = r.project_id
                LEFT JOIN task t ON t.id = r.task_id LEFT JOIN epic e ON e.id = r.epic_id
           WHERE r.id = $1`,
    values: [runId],
  });
  return rows[0];
}
