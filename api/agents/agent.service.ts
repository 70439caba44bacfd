import { Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import { factoryClearCrashLoopUpdate } from '../../workflows/contract/factory.js';
import { FACTORY_WORKFLOW_ID } from '../../workflows/contract/ids.js';
import type { Caller } from '../auth/caller.js';
import { openCursor, toPage } from '../http/cursor.js';
import { type Asked, Controls, notOpen } from '../temporal/controls.js';
import { unlessNotFound } from '../temporal/workflow-gateway.js';
import type { ListAgentsQuery } from './agent.dto.js';
import { AgentRepository } from './agent.repository.js';
import { type AgentPage, type AgentResponse, toAgentResponse } from './agent.response.js';

@Injectable()
export class AgentService {
  constructor(
    private readonly agents: AgentRepository,
    private readonly controls: Controls,
  ) {}

  async list(query: ListAgentsQuery, caller: Caller): Promise<AgentPage> {
    const { limit, role } = query;
    const question = { list: 'agents', filters: { role } };
    const afterName = openCursor(caller, question, query.cursor) ?? null;
    const rows = await this.agents.list({ scope: caller.scope, role: role ?? null, afterName, limit: limit + 1 });
    return toPage({ rows, limit, question, caller, positionOf: ({ name }) => name, toItem: toAgentResponse });
  }

  async get(id: string, caller: Caller): Promise<AgentResponse> {
    return toAgentResponse(await this.agents.get(id, caller.scope));
  }

  /** @throws InvalidState when it is in no crash loop, PermissionDenied for a key of certain projects */
  async clearCrashes(id: string, asked: Asked): Promise<AgentResponse> {
    const { scope } = asked.caller;
    if (scope !== null)
      throw new Failure('PermissionDenied', 'Agents serve every project; the key is one of certain projects.');
    const { name, state } = await this.agents.get(id, scope);
    if (state !== 'FAILED') throw new Failure('InvalidState', `The agent ${name} is in no crash loop.`, { state });
    const cleared = this.controls.send(
      {
        update: factoryClearCrashLoopUpdate,
        workflowId: FACTORY_WORKFLOW_ID,
        fields: { agentId: id },
        object: `agent/${id}`,
        subject: {},
        what: 'agent.clear-crashes',
        title: `Agent ${name} cleared`,
      },
      asked,
    );
    if ((await unlessNotFound(cleared)) === undefined) throw notOpen('factory', false);
    return toAgentResponse(await this.agents.get(id, scope));
  }
}
