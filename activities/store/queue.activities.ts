import { v5 as uuidv5 } from 'uuid';
import { Failure } from '../../domain/failures.js';
import type { Pools } from '../../infra/pg/pools.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { EvidenceActivities } from '../../workflows/contract/activities/checks.js';
import type { QueueStoreActivities } from '../../workflows/contract/activities/merge.js';
import { insertMail } from '../mail/mail.repository.js';
import { findEvidence, insertEvidence, voidEvidence } from './evidence.repository.js';
import { storeEntries } from './lifecycle.js';
import { findBuild, findEntryRow, setLandingTarget, upsertBuild, upsertEntry, upsertLane } from './queue.repository.js';

/** Namespace of mail ids made from rebase request ids. */
const REBASE_MAIL = '6f2f8a4e-52c1-5f0e-9a57-0d7b1c9e3a10';

/** Rows of the queue. Each is keyed, so that a repeat writes the same. */
export const createQueueStoreActivities = ({ pools }: { readonly pools: Pools }): QueueStoreActivities => ({
  recordQueue: ({ key, gen, entries, lane, log, ...at }) =>
    withTransaction(pools.writes, async (tx) => {
      for (const entry of entries) await upsertEntry(tx, at, gen, entry);
      if (lane) await upsertLane(tx, at, gen, lane);
      // One by one: each line belongs to its own task and epic.
      for (const { taskId, epicId, ...line } of log) {
        const owners = { ...(taskId ? { taskId } : {}), ...(epicId ? { epicId } : {}) };
        await storeEntries(tx, key, [line], { projectId: at.projectId, ...owners });
      }
    }),
  recordBuild: (build) => upsertBuild(pools.writes, build),
  readBuild: ({ pathId, attempt }) => findBuild(pools.writes, pathId, attempt),
  async recordLandingTarget({ entryId, target }) {
    if (await setLandingTarget(pools.writes, entryId, target)) return;
    // Nothing may be pushed whose target is on no row: whoever comes after a crash would not know what to look for.
    if (!(await findEntryRow(pools.writes, entryId)))
      throw new Failure('Unavailable', 'The entry has no row yet.', { entryId });
  },
  async sendRebaseMail({ projectId, requestId, taskId, epicId, subject, body, dueAt, branch }) {
    // Without a task the pull request is a person's or an epic's.
    const epic = epicId === undefined ? undefined : ({ kind: 'epic', id: epicId } as const);
    const to =
      taskId === undefined
        ? (epic ?? ({ kind: 'human', id: 'human' } as const))
        : ({ kind: 'task', id: taskId } as const);
    await withTransaction(pools.writes, (tx) =>
      insertMail(tx, {
        id: uuidv5(requestId, REBASE_MAIL),
        from: { kind: 'system', id: `merge-queue/${branch}` },
        to,
        subject,
        body,
        dueAt,
        kind: 'rebase_request',
        needsAnswer: false,
        projectId,
        ...(taskId ? { taskId } : {}),
        ...(epicId ? { epicId } : {}),
      }),
    );
  },
});

/** Stored verdicts of checks. */
export const createEvidenceActivities = ({ pools }: { readonly pools: Pools }): EvidenceActivities => ({
  // The write pool: what another build stored a moment ago must be seen, even where reads go to a replica.
  lookUpEvidence: ({ projectId, keys }) => findEvidence(pools.writes, projectId, keys),
  storeEvidence: ({ projectId, record }) =>
    withTransaction(pools.writes, async (tx) => {
      await insertEvidence(tx, projectId, record);
      const [counts] = await findEvidence(tx, projectId, [record.key]);
      // Voided by somebody else just now: the next attempt stores it.
      if (!counts) throw new Failure('Unavailable', 'The verdict was voided while it was stored.');
      return counts;
    }),
  voidEvidence: ({ projectId, keys, reason }) => voidEvidence(pools.writes, projectId, keys, reason),
});
