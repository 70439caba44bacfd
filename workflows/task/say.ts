import { taskChangedSignal } from '../contract/epic.js';
import { factoryAskAdmissionSignal, factoryEndAdmissionSignal } from '../contract/factory.js';
import { type QueueForgeEvent, queueForgeEventSignal } from '../contract/forge-event.js';
import {
  epicWorkflowId,
  FACTORY_WORKFLOW_ID,
  queueWorkflowId,
  runWorkflowId,
  taskWorkflowId,
} from '../contract/ids.js';
import { holdSignal, mailSignal } from '../contract/messages.js';
import { tell } from '../support/tell.js';
import type { TaskFlow } from './task.state.js';
import type { Telling } from './telling.js';

type Answer = Promise<'told' | 'gone'>;

export const tellQueue = ({ facts }: TaskFlow, event: QueueForgeEvent): Answer =>
  tell(queueWorkflowId(facts?.projectId ?? '', facts?.targetBranch ?? ''), queueForgeEventSignal, event);

/** Says one thing to the workflow it is for. */
export function say(task: TaskFlow, telling: Telling): Answer {
  switch (telling.kind) {
    case 'owner':
      return tellOwner(task, telling.changed);
    case 'hold':
      return tell(runWorkflowId(telling.runId), holdSignal, { by: 'parent', on: telling.on });
    case 'mail':
      return tell(runWorkflowId(telling.runId), mailSignal, telling.mail);
    case 'authorHeld':
      return tellQueue(task, telling);
  }
}

/** An epic schedules its tasks; a lone task asks the factory itself, whenever it starts or stops wanting a slot. */
function tellOwner(task: TaskFlow, changed: Extract<Telling, { kind: 'owner' }>['changed']): Answer {
  const { facts, toldOwner } = task;
  if (facts?.epicId !== undefined) return tell(epicWorkflowId(facts.epicId), taskChangedSignal, changed);
  if (changed.wantsSlot === (toldOwner?.wantsSlot ?? false)) return Promise.resolve('told');
  const workflowId = taskWorkflowId(changed.taskId);
  // Whom the factory holds must stay known to it: it tells nobody else that it has thawed.
  const isHeld = task.pausedBy.includes('factory');
  if (!changed.wantsSlot && !isHeld) return tell(FACTORY_WORKFLOW_ID, factoryEndAdmissionSignal, { workflowId });
  const ask = { workflowId, priority: facts?.priority ?? 3, wants: changed.wantsSlot ? 1 : 0 };
  return tell(FACTORY_WORKFLOW_ID, factoryAskAdmissionSignal, ask);
}
