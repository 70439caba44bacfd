import { Injectable } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { openCursor, toPage } from '../http/cursor.js';
import type { ListDecisionsQuery } from './decision.dto.js';
import { DecisionRepository } from './decision.repository.js';
import { type DecisionPage, toDecisionResponse } from './decision.response.js';

@Injectable()
export class DecisionService {
  constructor(private readonly decisions: DecisionRepository) {}

  async list(query: ListDecisionsQuery, caller: Caller): Promise<DecisionPage> {
    const { limit, projectId, epicId, taskId, runId, kind } = query;
    const question = { list: 'decisions', filters: { projectId, epicId, taskId, runId, kind } };
    const rows = await this.decisions.list({
      scope: caller.scope,
      projectId: projectId ?? null,
      epicId: epicId ?? null,
      taskId: taskId ?? null,
      runId: runId ?? null,
      kind: kind ?? null,
      before: readPosition(openCursor(caller, question, query.cursor)),
      limit: limit + 1,
    });
    const positionOf = ({ exactAt, id }: { readonly exactAt: string; readonly id: string }): string =>
      `${exactAt} ${id}`;
    return toPage({ rows, limit, question, caller, positionOf, toItem: toDecisionResponse });
  }
}

const readPosition = (position: string | undefined): { readonly at: string; readonly id: string } | null => {
  if (position === undefined) return null;
  const space = position.indexOf(' ');
  return { at: position.slice(0, space), id: position.slice(space + 1) };
};
