import { v7 as uuidv7 } from 'uuid';
import type { HostAgent } from '../../infra/config/host-file.js';
import type { ModelSettings } from '../../infra/config/models.js';
import { resolveModel } from '../../infra/config/models.js';
import type { Queryable } from '../../infra/pg/statement.js';

export interface AgentRegistration {
  readonly name: string;
  readonly role: string;
  readonly backend: 'anthropic' | 'command';
  readonly model: string | null;
  readonly permissionMode: string;
  /** argv, readOnly, network and timeout of a `command` agent. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly origin: 'default' | 'host';
}

/** One supervisor and one worker for `anthropic`, then every agent of the host's file; a host's agent wins by name. */
export function agentsToRegister(
  models: ModelSettings,
  hostAgents: readonly HostAgent[],
): readonly AgentRegistration[] {
  const defaults = (['supervisor', 'worker'] as const).map(
    (role): AgentRegistration => ({
      name: `anthropic-${role}`,
      role,
      backend: 'anthropic',
      model: models.roles[role].model,
      permissionMode: models.roles[role].permissions,
      settings: {},
      origin: 'default',
    }),
  );
  const ofHost = hostAgents.map((agent): AgentRegistration => {
    const profile = models.roles[agent.role];
    const model = agent.model === undefined ? profile.model : resolveModel(models.aliases, agent.model);
    const shared = { name: agent.name, role: agent.role, permissionMode: profile.permissions, origin: 'host' as const };
    if (agent.backend === 'anthropic') return { ...shared, backend: 'anthropic', model, settings: {} };
    const { argv, readOnly, network, timeoutSeconds } = agent;
    return {
      ...shared,
      backend: 'command',
      model: agent.model === undefined ? null : model,
      settings: { argv, readOnly, network, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) },
    };
  });
  const names = new Set(ofHost.map(({ name }) => name));
  return [...defaults.filter(({ name }) => !names.has(name)), ...ofHost];
}

/** Inserts the agents or brings their rows up to date; an agent that left the file keeps its row and its record. */
export async function registerAgents(db: Queryable, agents: readonly AgentRegistration[]): Promise<void> {
  for (const agent of agents) {
    await db.query({
      name: 'register-agent',
      text: `INSERT INTO agent (id, name, role, backend, model, permission_mode, settings, origin)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (name) DO UPDATE SET role = excluded.role, backend = excluded.backend, model = excluded.model,
               permission_mode = excluded.permission_mode, settings = excluded.settings, origin = excluded.origin,
               version = agent.version + 1
             WHERE (agent.role, agent.backend, agent.model, agent.permission_mode, agent.settings, agent.origin)
               IS DISTINCT FROM (excluded.role, excluded.backend, excluded.model, excluded.permission_mode, excluded.settings,
                                 excluded.origin)`,
      values: [
        uuidv7(),
        agent.name,
        agent.role,
        agent.backend,
        agent.model,
        agent.permissionMode,
        JSON.stringify(agent.settings),
        agent.origin,
      ],
    });
  }
}
