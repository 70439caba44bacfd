import { v5 as uuidv5 } from 'uuid';
import { type Crash, isCrashLoop } from '../../domain/crash-loop.js';
import { appendEvent, insertDecision } from '../../infra/pg/events.js';
import { insertOutbox } from '../../infra/pg/outbox.js';
import type { Tx } from '../../infra/pg/statement.js';
import { factoryAgentCrashedSignal } from '../../workflows/contract/factory.js';
import { FACTORY_WORKFLOW_ID } from '../../workflows/contract/ids.js';
import { mailAdmins } from '../mail/admins.js';
import { crashLoopText } from '../mail/templates.js';

export interface AgentMarking {
  readonly agentId: string;
  readonly state: 'FAILED' | 'IDLE';
  readonly reason: string;
  readonly by?: string;
}

/**
 * FAILED, or cleared: the crashes of before are forgotten then.
 * @returns its name, or undefined when it was so already, or is gone
 */
export async function markAgent(tx: Tx, { agentId, state, reason, by }: AgentMarking): Promise<string | undefined> {
  const { rows } = await tx.query<{ name: string }>({
    name: 'mark-agent',
    text: `UPDATE agent SET state = $2, version = version + 1,
             cleared_at = CASE WHEN $2 = 'IDLE' THEN clock_timestamp() ELSE cleared_at END
           WHERE id = $1 AND (state = 'FAILED') IS DISTINCT FROM ($2 = 'FAILED') RETURNING name`,
    values: [agentId, state],
  });
  const name = rows[0]?.name;
  if (name === undefined) return undefined;
  await insertDecision(tx, {
    agentId,
    kind: by === undefined ? 'recovery' : 'transition',
    title: `agent ${name}`,
    decision: state,
    reasoning: reason,
    ...(by === undefined ? {} : { by }),
  });
  await appendEvent(tx, { type: 'agent.state', data: { agentId, name, state, reason } });
  return name;
}

export interface CrashedRun {
  readonly runId: string;
  readonly agentId: string;
  readonly projectId: string;
}

/**
 * Counts a run whose agent itself ended badly. In a loop the agent is FAILED in the same transaction, so that its next
 * run is refused however fast it comes; the factory and the admins are told.
 */
export async function recordCrash(tx: Tx, { runId, agentId, projectId }: CrashedRun): Promise<void> {
  // Two runs of one agent may crash at once: one of them must see the other.
  await tx.query({ name: 'lock-agent', text: 'SELECT 1 FROM agent WHERE id = $1 FOR UPDATE', values: [agentId] });
  await tx.query({
    name: 'mark-crashed-run',
    text: 'UPDATE run SET crashed_at = coalesce(crashed_at, clock_timestamp()) WHERE id = $1',
    values: [runId],
  });
  const { rows } = await tx.query<Crash & { nowMs: number }>({
    name: 'list-crashes-since-success',
    text: `SELECT (extract(epoch FROM r.crashed_at) * 1000)::float8 AS "atMs",
                  coalesce(r.task_id, r.epic_id, r.id) AS work,
                  (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"
           FROM run r JOIN agent a ON a.id = r.agent_id
           WHERE a.id = $1 AND r.crashed_at > coalesce(
             greatest(a.cleared_at, (SELECT max(ended_at) FROM run WHERE agent_id = $1 AND state = 'completed')),
             '-infinity')
           ORDER BY r.crashed_at DESC LIMIT 10`,
    values: [agentId],
  });
  if (!isCrashLoop(rows, rows[0]?.nowMs ?? 0)) return;
  const reason = 'three crashes in a row within a minute: it is not started again until an admin clears it';
  const name = await markAgent(tx, { agentId, state: 'FAILED', reason });
  if (name === undefined) return;
  await insertOutbox(tx, {
    kind: 'signal',
    workflowId: FACTORY_WORKFLOW_ID,
    name: factoryAgentCrashedSignal.name,
    input: { agentId },
  });
  await mailAdmins(tx, {
    ...crashLoopText(name),
    id: uuidv5('crash loop', runId),
    from: { kind: 'system', id: FACTORY_WORKFLOW_ID },
    needsAnswer: false,
    projectId,
  });
}

/** Why no run of a FAILED agent is opened. */
export const refusalOfFailed = (name: string): string =>
  `The agent ${name} crashed three times in a row within a minute and is not started again until an admin clears it: millwright agents clear ${name}. Resume the work then.`;
