import { NEXT_STEP, rebaseMail } from '../../domain/merge/texts.js';
import type { Notice, QueueState } from '../../domain/merge/types.js';
import type { MailActivities } from '../contract/activities/mail.js';
import type { QueueStoreActivities } from '../contract/activities/merge.js';
import { queueChangedSignal } from '../contract/epic.js';
import { ownerForgeEventSignal, type RebaseRequestMessage, requestRebaseSignal } from '../contract/forge-event.js';
import { epicWorkflowId } from '../contract/ids.js';
import type { MergeQueueInput } from '../contract/merge-queue.js';
import { newId } from '../support/new-id.js';
import { tell } from '../support/tell.js';

export interface NoticeContext {
  readonly input: Pick<MergeQueueInput, 'projectId' | 'branch'>;
  readonly state: QueueState;
  readonly store: QueueStoreActivities;
  readonly mail: MailActivities;
}

/** Tells one other workflow. A receiver that has ended needs no word any more. */
export async function deliver(notice: Notice, context: NoticeContext): Promise<void> {
  const { input, state, mail } = context;
  switch (notice.kind) {
    case 'landed': {
      const { entryId, prNumber, owner } = notice.entry;
      const { mergeSha, reason } = notice;
      const event = { kind: 'entryLanded', entryId, prNumber, mergeSha, ...(reason ? { reason } : {}) } as const;
      await tell(owner, ownerForgeEventSignal, event);
      return;
    }
    case 'ejected': {
      const { entryId, prNumber, owner } = notice.entry;
      const { reason, detail } = notice;
      const next = NEXT_STEP[reason];
      await tell(owner, ownerForgeEventSignal, { kind: 'entryEjected', entryId, prNumber, reason, detail, next });
      return;
    }
    case 'withdrawn': {
      const { entryId, prNumber, owner } = notice.entry;
      await tell(owner, ownerForgeEventSignal, { kind: 'entryWithdrawn', entryId, prNumber, by: notice.by });
      return;
    }
    case 'rebase':
      return askAuthor(notice, context);
    case 'lane': {
      const { to, mode, reason } = notice;
      await tell(to, ownerForgeEventSignal, { kind: 'laneChanged', queueId: state.queueId, mode, reason });
      return;
    }
    case 'epicLane': {
      const { epicId, mode, reason } = notice;
      await tell(epicWorkflowId(epicId), queueChangedSignal, { branch: input.branch, mode, reason });
      return;
    }
    case 'incident':
      await mail.sendMail({
        mailId: newId(),
        projectId: input.projectId,
        from: { kind: 'system', id: state.queueId },
        to: { kind: 'admins' },
        template: {
          kind: 'lane_incident',
          branch: input.branch,
          reason: notice.reason,
          ...(notice.isRedBase ? { isRedBase: true } : {}),
        },
      });
  }
}

/** One mail per request, whose id is the request's, and a signal each time its tip or files change. */
async function askAuthor(
  { entry, request, amends }: Extract<Notice, { kind: 'rebase' }>,
  { input, state, store }: NoticeContext,
): Promise<void> {
  const dueAt = new Date(request.sinceMs + state.timing.rebaseRoundMs).toISOString();
  if (!amends) {
    const about = { ...entry, branch: input.branch, rounds: state.cfg.rebaseRounds };
    await store.sendRebaseMail({
      projectId: input.projectId,
      branch: input.branch,
      requestId: request.requestId,
      dueAt,
      ...rebaseMail(about, request, state.recent),
      ...(entry.taskId ? { taskId: entry.taskId } : {}),
      ...(entry.epicId ? { epicId: entry.epicId } : {}),
    });
  }
  const message: RebaseRequestMessage = {
    requestId: request.requestId,
    entryId: entry.entryId,
    prNumber: entry.prNumber,
    tip: request.tip,
    headSha: entry.headSha,
    files: request.files,
    landed: state.recent,
    round: request.round,
    maxRounds: state.cfg.rebaseRounds,
    dueAt,
  };
  await tell(entry.owner, requestRebaseSignal, message);
}
