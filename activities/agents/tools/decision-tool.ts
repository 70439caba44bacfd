import { insertDecision } from '../../../infra/pg/events.js';
import { callUuid, type StoreTool, textField } from './store-tool.js';

export const logDecision: StoreTool = {
  async run(call, tx) {
    const { run } = call;
    await insertDecision(tx, {
      id: callUuid(call),
      kind: 'decision',
      title: textField(call, 'title'),
      decision: textField(call, 'decision'),
      reasoning: textField(call, 'reasoning'),
      by: run.agentName,
      agentId: run.agentId,
      runId: run.runId,
      projectId: run.projectId,
      ...(run.epicId === null ? {} : { epicId: run.epicId }),
      ...(run.taskId === null ? {} : { taskId: run.taskId }),
    });
    return 'Recorded.';
  },
};
