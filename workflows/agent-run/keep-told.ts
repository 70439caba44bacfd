import { condition } from '@temporalio/workflow';
import { runChangedSignal } from '../contract/epic.js';
import { changedKeys } from '../support/changed-keys.js';
import { lifecycleKey } from '../support/lifecycle-key.js';
import { tell } from '../support/tell.js';
import { saved, tellingOf, told, unsaved, waitingFor } from './agent-run.state.js';
import type { RunCell } from './cell.js';

/** Row and parent follow the state while a turn is in flight. Ends when asked to and nothing is left. */
export async function keepTold({ input, ports, read, change }: RunCell, isClosing: () => boolean): Promise<void> {
  const { runId, parentWorkflowId } = input;
  const isTold = (): boolean => unsaved(read()) === undefined && read().told === tellingOf(read());
  for (;;) {
    await condition(() => isClosing() || !isTold());
    if (isTold()) return;
    const save = unsaved(read());
    if (save) {
      const patch = changedKeys(read().shown, save.shown);
      const answer = await ports.store.saveRun({ runId, key: lifecycleKey(), entries: save.entries, patch });
      change(saved(read(), save, answer), 'saved');
    }
    // How it ended is told with what the store says of that.
    if (read().outcome && unsaved(read())) continue;
    const { state, outcome, told: before } = read();
    const telling = tellingOf(read());
    if (telling === before) continue;
    const waits = waitingFor(read(), Date.now());
    await tell(parentWorkflowId, runChangedSignal, {
      runId,
      state,
      ...(waits === undefined ? {} : { waitingFor: waits }),
      ...(outcome ? { outcome } : {}),
    });
    change(told(read(), telling), 'its parent was told');
  }
}
