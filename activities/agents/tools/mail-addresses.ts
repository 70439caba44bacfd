import type { Queryable } from '../../../infra/pg/statement.js';
import { runWorkflowId, taskWorkflowId } from '../../../workflows/contract/ids.js';
import type { Correspondent, NewMail } from '../../mail/mail.repository.js';
import { NOBODY_IN_PARTICULAR } from '../../mail/who-answers.js';
import type { AgentRun } from '../../store/agent-run.repository.js';
import { ToolError } from './tool-error.js';

/** What a run sends mail as: its task, else its epic, else its agent. */
export function senderOf({ taskId, epicId, agentName }: AgentRun): Correspondent {
  if (taskId !== null) return { kind: 'task', id: taskId };
  return epicId === null ? { kind: 'agent', id: agentName } : { kind: 'epic', id: epicId };
}

/** Whose mail a run may read: that of its task or epic, and that of its agent. */
export const inboxesOf = (run: AgentRun): readonly Correspondent[] => {
  const own = senderOf(run);
  return own.kind === 'agent' ? [own] : [own, { kind: 'agent', id: run.agentName }];
};

/** Who hears the answer: the task, which lets its run go on when it has a slot; a run without a task hears it itself. */
export const waiterOf = ({ taskId, runId }: AgentRun): string =>
  taskId === null ? runWorkflowId(runId) : taskWorkflowId(taskId);

const humanOf = ({ createdBy }: AgentRun): NewMail['to'] => ({ kind: 'human', id: createdBy ?? NOBODY_IN_PARTICULAR });

/** The receiver that a tool call names. @throws ToolError INVALID_INPUT, RESOURCE_NOT_FOUND */
export async function receiverOf(db: Queryable, run: AgentRun, to: string): Promise<NewMail['to']> {
  if (to === 'human') return humanOf(run);
  // A task without an epic has no supervisor: who filed it answers.
  if (to === 'supervisor') {
    if (run.taskId === null) throw new ToolError('INVALID_INPUT', 'You are the supervisor yourself.');
    return run.epicId === null ? humanOf(run) : { kind: 'epic', id: run.epicId };
  }
  const [kind, id = ''] = to.split(/:(.*)/s);
  if (kind === 'task') return { kind: 'task', id: await findSibling(db, run, id) };
  if (kind === 'agent') return { kind: 'agent', id: await findAgent(db, id) };
  throw new ToolError('INVALID_INPUT', `to must be 'supervisor', 'human', 'task:<task id>' or 'agent:<agent name>'.`);
}

async function findSibling(db: Queryable, { epicId }: AgentRun, taskId: string): Promise<string> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find-sibling-task',
    text: 'SELECT id FROM task WHERE id::text = $1 AND epic_id = $2',
    values: [taskId, epicId],
  });
  if (!rows[0]) throw new ToolError('RESOURCE_NOT_FOUND', `No task of this epic has the id ${taskId}.`);
  return rows[0].id;
}

async function findAgent(db: Queryable, name: string): Promise<string> {
  const { rows } = await db.query<{ id: string }>({
    name: 'find-agent-named',
    text: 'SELECT name AS id FROM agent WHERE name = $1',
    values: [name],
  });
  if (!rows[0]) throw new ToolError('RESOURCE_NOT_FOUND', `No agent is registered as ${name}.`);
  return rows[0].id;
}
