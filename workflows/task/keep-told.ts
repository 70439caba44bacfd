import { condition } from '@temporalio/workflow';
import { changedKeys } from '../support/changed-keys.js';
import { lifecycleKey } from '../support/lifecycle-key.js';
import type { TaskCell } from './cell.js';
import { handedOn } from './controls.js';
import { say } from './say.js';
import { saved, unsaved } from './task.state.js';
import { nextTelling, told } from './telling.js';

/** Rows, owner, run and queue follow the state while a step is in flight. Ends when asked to and nothing is left. */
export async function keepTold(
  { input, ports, waits, read, change }: TaskCell,
  isClosing: () => boolean,
): Promise<void> {
  const isTold = (): boolean => unsaved(read()) === undefined && nextTelling(read(), input) === undefined;
  for (;;) {
    await condition(() => isClosing() || !isTold());
    if (isTold()) return;
    const save = unsaved(read());
    if (save) {
      const patch = changedKeys(read().shown, save.shown);
      const row = { taskId: input.taskId, key: lifecycleKey(), entries: save.entries, patch };
      const { revision } = await ports.store.saveTask(row);
      change(saved(read(), save, revision), 'saved');
    }
    const telling = nextTelling(read(), input);
    if (!telling) continue;
    const answer = await say(read(), telling);
    const task = read();
    const askAgainAtMs = Date.now() + (answer === 'gone' ? waits.absentOwnerMs : waits.silentRunMs);
    change(
      telling.kind === 'mail' ? handedOn(task, telling.mail, answer) : told(task, telling, askAgainAtMs),
      `told: ${telling.kind}`,
    );
  }
}
