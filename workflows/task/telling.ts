// Pure: what other workflows must still be told, one thing at a time.
import type { TaskChanged } from '../contract/epic.js';
import type { MailMessage } from '../contract/messages.js';
import type { TaskInput } from '../contract/task.js';
import { changedOf, type TaskFlow } from './task.state.js';

export type Telling =
  | { readonly kind: 'owner'; readonly changed: TaskChanged }
  | { readonly kind: 'hold'; readonly runId: string; readonly on: boolean }
  | { readonly kind: 'mail'; readonly runId: string; readonly mail: MailMessage }
  | { readonly kind: 'authorHeld'; readonly entryId: string; readonly on: boolean };

export function nextTelling(task: TaskFlow, input: TaskInput): Telling | undefined {
  if (!task.facts) return undefined;
  const changed = changedOf(task, input);
  if (JSON.stringify(changed) !== JSON.stringify(task.toldOwner)) return { kind: 'owner', changed };
  return tellRun(task) ?? tellQueue(task);
}

function tellRun({ run, stage, pausedBy, slots, forRun }: TaskFlow): Telling | undefined {
  if (!run || stage.kind !== 'running') return undefined;
  const { runId } = run;
  // A run that was held has given its slot back: it goes on when there is one again.
  const on = pausedBy.length > 0 || (run.held && slots < 1);
  if (on !== run.held) return { kind: 'hold', runId, on };
  const mail = forRun.find(({ answers }) => answers === undefined || run.state !== 'waiting' || slots > 0);
  return mail ? { kind: 'mail', runId, mail } : undefined;
}

function tellQueue({ entry, pausedBy, toldHeld }: TaskFlow): Telling | undefined {
  const on = pausedBy.length > 0 && entry?.rebasing === true;
  return entry && on !== toldHeld ? { kind: 'authorHeld', entryId: entry.entryId, on } : undefined;
}

/** @param askAgainAtMs when a slot is asked for again, should nobody answer */
export function told(task: TaskFlow, telling: Telling, askAgainAtMs: number): TaskFlow {
  switch (telling.kind) {
    case 'owner':
      // A slot is given back by saying so, never before: what is wanted again meanwhile is still held.
      return telling.changed.wantsSlot
        ? { ...task, toldOwner: telling.changed, askAgainAtMs }
        : { ...task, toldOwner: telling.changed, slots: 0 };
    case 'hold':
      return task.run?.runId === telling.runId
        ? { ...task, run: { ...task.run, held: telling.on, ...(telling.on ? {} : { state: 'queued' }) } }
        : task;
    case 'mail':
      return task;
    case 'authorHeld':
      return { ...task, toldHeld: telling.on };
  }
}
