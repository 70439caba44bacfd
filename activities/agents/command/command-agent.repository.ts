import type { Queryable } from '../../../infra/pg/statement.js';
import type { CommandAgent } from './run-program.js';

/** What the host configuration registered for the agent; undefined for one of another backend. */
export const findCommandAgent = async (db: Queryable, agentId: string): Promise<CommandAgent | undefined> => {
  const { rows } = await db.query<{ settings: Omit<CommandAgent, 'model'>; model: string | null }>({
    name: 'find-command-agent',
    text: `SELECT settings, model FROM agent WHERE id = $1 AND backend = 'command'`,
    values: [agentId],
  });
  return rows[0] && { ...rows[0].settings, model: rows[0].model };
};
