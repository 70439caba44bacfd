import type { AgentRunOutcome } from '../contract/agent-run.js';
import { runChangedSignal } from '../contract/epic.js';
import { tell } from '../support/tell.js';
import { opened } from './agent-run.state.js';
import type { RunCell } from './cell.js';

/** Makes the run's row, or finds it. Answers an outcome when there is nothing to run. */
export async function openRun({ input, ports, read, change }: RunCell): Promise<AgentRunOutcome | undefined> {
  const { runId, projectId, taskId, epicId, parentRunId, kind, agentName, attempt, round, context, host } = input;
  const answer = await ports.store
    .openRun({
      runId,
      projectId,
      ...(taskId === undefined ? {} : { taskId }),
      ...(epicId === undefined ? {} : { epicId }),
      ...(parentRunId === undefined ? {} : { parentRunId }),
      kind,
      agentName,
      attempt,
      round,
      context,
      ...host,
    })
    .catch((error: unknown) => {
      // Without a row there is nothing to run or to save: the parent is told why.
      const fault = ports.faultOf(error);
      return fault.kind === 'failed'
        ? ({ kind: 'refused', reason: fault.message, needsPerson: fault.type === 'PermissionDenied' } as const)
        : ({ kind: 'refused', reason: 'cancelled', needsPerson: false } as const);
    });
  if (answer.kind === 'open') {
    change(opened(read(), answer.facts), `started by ${input.parentWorkflowId}`);
    return undefined;
  }
  const outcome: AgentRunOutcome =
    answer.kind === 'ended'
      ? { kind: 'ended', state: answer.state, host }
      : {
          kind: 'failed',
          reason: answer.reason,
          agentFault: false,
          host,
          ...(answer.needsPerson ? { needsPerson: true } : {}),
        };
  await tell(input.parentWorkflowId, runChangedSignal, { runId, state: 'failed', outcome });
  return outcome;
}
