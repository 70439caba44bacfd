import { Injectable } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { openCursor, toPage } from '../http/cursor.js';
import type { ListQuery } from '../validation/list.dto.js';
import { EpicRepository } from './epic.repository.js';
import { EpicReadsRepository } from './epic-reads.repository.js';
import {
  type CostResponse,
  type GraphResponse,
  type TimelinePage,
  toCostResponse,
  toGraphResponse,
  toTimelineItem,
} from './epic-reads.response.js';

@Injectable()
export class EpicReadsService {
  constructor(
    private readonly epics: EpicRepository,
    private readonly reads: EpicReadsRepository,
  ) {}

  async timeline(id: string, query: ListQuery, caller: Caller): Promise<TimelinePage> {
    await this.epics.get(id, caller.scope);
    const { limit } = query;
    const question = { list: 'timeline', filters: { id } };
    const after = Number(openCursor(caller, question, query.cursor) ?? 0);
    const rows = await this.reads.timeline(id, after, limit + 1);
    return toPage({ rows, limit, question, caller, positionOf: ({ seq }) => String(seq), toItem: toTimelineItem });
  }

  async graph(id: string, caller: Caller): Promise<GraphResponse> {
    await this.epics.get(id, caller.scope);
    const { nodes, edges } = await this.reads.graph(id);
    return toGraphResponse(nodes, edges);
  }

  async cost(id: string, caller: Caller): Promise<CostResponse> {
    const { budgetMicroUsd } = await this.epics.get(id, caller.scope);
    return toCostResponse(budgetMicroUsd, await this.reads.cost(id));
  }
}
