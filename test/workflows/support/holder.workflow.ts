import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import type { OwnerForgeEvent, QueueForgeEvent } from '../../../workflows/contract/forge-event.js';
import { admittedSignal, holdSignal } from '../../../workflows/contract/messages.js';

export const heardQuery = defineQuery<readonly string[]>('heard');
export const endSignal = defineSignal('end');

/** Stands where an epic, a lone task or a queue stands, and keeps what the factory tells it. */
export async function holder(): Promise<void> {
  const heard: string[] = [];
  let ended = false;
  setHandler(heardQuery, () => heard);
  setHandler(admittedSignal, ({ slots }) => void heard.push(`admitted ${slots}`));
  setHandler(holdSignal, ({ by, on }) => void heard.push(`hold ${by} ${on}`));
  setHandler(defineSignal<[OwnerForgeEvent | QueueForgeEvent]>('forgeEvent'), ({ kind }) => void heard.push(kind));
  setHandler(endSignal, () => {
    ended = true;
  });
  await condition(() => ended);
}
