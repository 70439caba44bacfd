import { condition, defineQuery, getExternalWorkflowHandle, setHandler } from '@temporalio/workflow';
import {
  type RunChanged,
  runChangedSignal,
  type TaskChanged,
  taskChangedSignal,
} from '../../../workflows/contract/epic.js';
import {
  type AskAdmission,
  factoryAskAdmissionSignal,
  factoryEndAdmissionSignal,
} from '../../../workflows/contract/factory.js';
import { type QueueForgeEvent, queueForgeEventSignal } from '../../../workflows/contract/forge-event.js';
import { taskWorkflowId } from '../../../workflows/contract/ids.js';
import { admittedSignal } from '../../../workflows/contract/messages.js';

export interface Heard {
  readonly runs: readonly RunChanged[];
  readonly tasks: readonly TaskChanged[];
  readonly asks: readonly (AskAdmission | { readonly workflowId: string; readonly ended: true })[];
  readonly queue: readonly QueueForgeEvent[];
}
export const heardQuery = defineQuery<Heard>('heard');

/** Stands where an epic, the factory or a queue stands: keeps what it is told, and admits whoever asks. */
export async function listener({ admits = false }: { readonly admits?: boolean } = {}): Promise<void> {
  const heard = {
    runs: [] as RunChanged[],
    tasks: [] as TaskChanged[],
    asks: [] as Heard['asks'][number][],
    queue: [] as QueueForgeEvent[],
  };
  const toAdmit: string[] = [];
  setHandler(heardQuery, () => heard);
  setHandler(runChangedSignal, (message) => void heard.runs.push(message));
  setHandler(taskChangedSignal, (message) => {
    heard.tasks.push(message);
    if (message.wantsSlot && admits) toAdmit.push(taskWorkflowId(message.taskId));
  });
  setHandler(factoryAskAdmissionSignal, (message) => {
    heard.asks.push(message);
    if (admits) toAdmit.push(message.workflowId);
  });
  setHandler(factoryEndAdmissionSignal, (message) => void heard.asks.push({ ...message, ended: true }));
  setHandler(queueForgeEventSignal, (message) => void heard.queue.push(message));
  for (;;) {
    await condition(() => toAdmit.length > 0);
    const workflowId = toAdmit.shift();
    if (workflowId) await getExternalWorkflowHandle(workflowId).signal(admittedSignal, { slots: 1 });
  }
}
