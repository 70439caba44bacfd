import { v5 as uuidv5 } from 'uuid';
import { findLiveRuns } from '../../infra/pg/live-runs.js';
import type { Tx } from '../../infra/pg/statement.js';
import { epicWorkflowId, runWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import { type Correspondent, notifyOfMail } from './mail.repository.js';

export interface Delivered {
  readonly mailId: string;
  readonly projectId: string;
  readonly to: Correspondent;
  /** The run that wrote it is not told of it. */
  readonly fromRunId?: string;
}

/** Wakes whoever sleeps at the address. People read their inbox when they next look. */
export async function wakeReaders(tx: Tx, { mailId, projectId, to, fromRunId }: Delivered): Promise<void> {
  if (to.kind === 'epic') await notifyOfMail(tx, { mailId }, epicWorkflowId(to.id));
  if (to.kind === 'task') await notifyOfMail(tx, { mailId }, taskWorkflowId(to.id));
  if (to.kind !== 'agent') return;
  for (const runId of await findLiveRuns(tx, to.id, projectId))
    if (runId !== fromRunId) await notifyOfMail(tx, { mailId, signalId: uuidv5(runId, mailId) }, runWorkflowId(runId));
}
