import { condition, defineQuery, defineSignal, getExternalWorkflowHandle, setHandler } from '@temporalio/workflow';
import { queueChangedSignal } from '../../../workflows/contract/epic.js';
import {
  type OwnerForgeEvent,
  ownerForgeEventSignal,
  type QueueForgeEvent,
  queueForgeEventSignal,
  type RebaseRequestMessage,
  requestRebaseSignal,
} from '../../../workflows/contract/forge-event.js';

export interface OwnerHeard {
  readonly events: readonly OwnerForgeEvent[];
  readonly rebases: readonly RebaseRequestMessage[];
  readonly lanes: readonly string[];
}
export const ownerHeardQuery = defineQuery<OwnerHeard>('heard');
export const saySignal = defineSignal<[{ readonly to: string; readonly event: QueueForgeEvent }]>('say');

/** Stands where a task or an epic stands: keeps what the queue tells it, and tells the queue what the test wants. */
export async function owner(): Promise<void> {
  const heard = { events: [] as OwnerForgeEvent[], rebases: [] as RebaseRequestMessage[], lanes: [] as string[] };
  const toSay: { to: string; event: QueueForgeEvent }[] = [];
  setHandler(ownerHeardQuery, () => heard);
  setHandler(ownerForgeEventSignal, (event) => void heard.events.push(event));
  setHandler(requestRebaseSignal, (request) => void heard.rebases.push(request));
  setHandler(queueChangedSignal, ({ mode }) => void heard.lanes.push(mode));
  setHandler(saySignal, (words) => void toSay.push(words));
  for (;;) {
    await condition(() => toSay.length > 0);
    const words = toSay.shift();
    if (words) await getExternalWorkflowHandle(words.to).signal(queueForgeEventSignal, words.event);
  }
}
