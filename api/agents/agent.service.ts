import { Injectable } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { openCursor, toPage } from '../http/cursor.js';
import type { ListAgentsQuery } from './agent.dto.js';
import { AgentRepository } from './agent.repository.js';
import { type AgentPage, type AgentResponse, toAgentResponse } from './agent.response.js';

@Injectable()
export class AgentService {
  constructor(private readonly agents: AgentRepository) {}

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
}
