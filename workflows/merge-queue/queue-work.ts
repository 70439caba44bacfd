import { TemporalFailure } from '@temporalio/common';
import { findHead, membersOf, needsInspection } from '../../domain/merge/facts.js';
import { landed, landedWrong, mayPush, notLanded, scheduledPush } from '../../domain/merge/landing.js';
import { membersOfPath } from '../../domain/merge/plan.js';
import { holdRewritten, inspected, remoteRead, revalidated, swept } from '../../domain/merge/remote.js';
import { buildReported, buildVanished } from '../../domain/merge/reports.js';
import type { Entry, Path, QueueState } from '../../domain/merge/types.js';
import type { Infra } from '../checks/verify.js';
import type { EngineActivities } from '../contract/activities/engine.js';
import type { MailActivities } from '../contract/activities/mail.js';
import type { MergeActivities, QueueStoreActivities } from '../contract/activities/merge.js';
import { buildWorkflowId } from '../contract/ids.js';
import type { MergeQueueInput } from '../contract/merge-queue.js';
import { activitiesOf } from '../support/activities-of.js';
import { failureMessage } from '../support/failure-type.js';
import { outlastLimits } from '../support/forge-limit.js';
import { cancelWorkflow } from '../support/tell.js';
import { type LandPorts, land } from './land.js';
import { deliver } from './notices.js';
import { afterRecord, baseGone, memberOf, opened, toRecord } from './queue.state.js';

/** The state, read after every await and changed by pure transitions only. */
export interface QueueBox {
  get(): QueueState;
  become(next: QueueState): void;
}

/** What the queue does outside itself. Each piece ends by changing the state; none decides. */
export function makeQueueWork(input: MergeQueueInput, firstRunId: string, box: QueueBox) {
  const { projectId, branch, tuning } = input;
  const at = { projectId, branch };
  const reads: MergeActivities = activitiesOf<MergeActivities>('FORGE_READ', tuning);
  const writes: MergeActivities = activitiesOf<MergeActivities>('FORGE_WRITE', tuning);
  const store: QueueStoreActivities = activitiesOf<QueueStoreActivities>('STORE', tuning);
  const mail: MailActivities = activitiesOf<MailActivities>('STORE', tuning);
  const engine: EngineActivities = activitiesOf<EngineActivities>('STORE', tuning);
  const about = (policy: 'FORGE_READ' | 'LAND', summary: string): MergeActivities =>
    activitiesOf<MergeActivities>(policy, tuning, { summary });
  let recorded: QueueState | undefined = input.carried;
  let gone: string | undefined;

  const leave = (reason: string): void => {
    gone = reason;
    box.become(baseGone(box.get(), Date.now()));
  };

  const landPorts = (pullRequests: string, backOff: () => Promise<void>): LandPorts => {
    const landing = about('LAND', `land ${pullRequests}`);
    const outlast = outlastLimits();
    return {
      backOff,
      prepare: (tip, members) => orInfra(outlast(() => landing.prepareLanding({ ...at, tip, members }))),
      mayPush: (head) => mayPush(box.get(), head),
      schedulePush: (head, target) => box.become(scheduledPush(box.get(), head, target)),
      recordTarget: (entryId, target) => store.recordLandingTarget({ entryId, target }),
      push: (target, members) => orInfra(outlast(() => landing.landHead({ ...at, target, members }))),
      check: (target) => orInfra(outlast(() => landing.checkLanding({ ...at, target }))),
    };
  };

  return {
    open: async (): Promise<void> => {
      const { knownTip } = input;
      const found = await reads.openQueue({ ...at, ...(knownTip === undefined ? {} : { knownTip }) });
      if (found.kind === 'gone') return leave(found.reason);
      gone = undefined;
      const { tip, cfg, projectName, lostTip } = found;
      const now = opened(box.get(), tip, cfg, projectName);
      box.become(lostTip === undefined ? now : holdRewritten(now, lostTip, Date.now()));
    },
    readRemote: async (): Promise<void> => {
      const { tip } = box.get();
      const found = await reads.readQueueRemote({ ...at, tip });
      if (found.kind === 'gone') return leave(found.reason);
      box.become(remoteRead(box.get(), tip, found, Date.now()));
    },
    inspect: async (entry: Entry): Promise<void> => {
      const { tip } = box.get();
      const { id: entryId, prNumber, headRef, headSha, title, patchId } = entry;
      const known = patchId === '' ? {} : { patchId };
      const asked = { ...at, entryId, prNumber, headRef, headSha, tip, title, ...known };
      const found = await about('FORGE_READ', `inspect #${prNumber}`).inspectEntry(asked);
      box.become(inspected(box.get(), { entryId, headSha, tip }, found, Date.now()));
    },
    revalidate: async (path: Path): Promise<void> => {
      const { tip, epoch } = box.get();
      const members = membersOfPath(box.get(), path).map(memberOf);
      const tree = path.candidate ? { tree: path.candidate.tree } : {};
      const found = await reads.revalidatePath({ ...at, tip, members, ...tree });
      box.become(revalidated(box.get(), { pathId: path.id, attempt: path.attempt, epoch }, found));
    },
    sweep: async (): Promise<void> => {
      const { sweep: tip, entries } = box.get();
      if (tip === undefined) return;
      const waiting = entries
        .filter((entry) => !needsInspection(entry))
        .map(({ id, headSha, headRef }) => ({ entryId: id, headSha, headRef }));
      const found =
        waiting.length > 0 ? await reads.sweepMergeability({ ...at, tip, entries: waiting }) : { conflicts: [] };
      box.become(swept(box.get(), tip, found.conflicts, Date.now()));
    },
    land: async (headId: number, backOff: () => Promise<void>): Promise<void> => {
      const state = box.get();
      const head = findHead(state, headId);
      const members = head ? membersOf(state, head) : [];
      const name = members.map((entry) => `#${entry.prNumber}`).join(', ');
      const job = { head: headId, tip: state.tip, members: members.map(memberOf) };
      const result = await land(landPorts(name, backOff), job);
      if (result.kind === 'setback') return box.become(notLanded(box.get(), headId, result.setback, Date.now()));
      box.become(landed(box.get(), headId, result.target, Date.now()));
      if (result.mismatch !== undefined) box.become(landedWrong(box.get(), result.mismatch, Date.now()));
    },
    mark: async (): Promise<void> => {
      for (let [owed] = box.get().marks; owed; [owed] = box.get().marks) {
        const { entryId, prNumber, mergeSha } = owed;
        await writes.markLanded({ ...at, entryId, prNumber, mergeSha });
        box.become({ ...box.get(), marks: box.get().marks.filter((mark) => mark.entryId !== entryId) });
      }
    },
    notify: async (): Promise<void> => {
      for (let [notice] = box.get().notices; notice; [notice] = box.get().notices) {
        const { id } = notice;
        await deliver(notice, { input, state: box.get(), store, mail });
        box.become({ ...box.get(), notices: box.get().notices.filter((one) => one.id !== id) });
      }
    },
    /** Rows follow the state; what changes during a write is in the next one. */
    record: async (): Promise<void> => {
      for (let state = box.get(), record = toRecord(state, recorded); record; ) {
        await store.recordQueue({ ...at, key: { workflowId: state.queueId, firstRunId }, ...record });
        recorded = state;
        box.become(afterRecord(box.get(), state));
        state = box.get();
        record = toRecord(state, recorded);
      }
    },
    isRecorded: (): boolean => toRecord(box.get(), recorded) === undefined,
    /** Builds that say nothing: the engine is asked, and for a closed one its stored verdict. */
    askAfter: async (builds: readonly { readonly pathId: string; readonly attempt: number }[]): Promise<void> => {
      const { queueId } = box.get();
      const idOf = (build: { readonly pathId: string; readonly attempt: number }): string =>
        buildWorkflowId(queueId, build.pathId, build.attempt);
      const found = await engine.describeWorkflows({ workflowIds: builds.map(idOf) });
      for (const build of builds) {
        const status = found.find((one) => one.workflowId === idOf(build))?.state ?? 'absent';
        if (status === 'open') {
          const path = box.get().paths.find((one) => one.id === build.pathId);
          if (path?.status === 'cancelling') await cancelWorkflow(idOf(build));
          continue;
        }
        const row = await store.readBuild(build);
        const { pathId, attempt } = build;
        if (row?.status === 'done' && row.result) {
          const candidate = row.candidate ? { candidate: row.candidate } : {};
          const report = { pathId, attempt, phase: 'verdict', result: row.result, ...candidate } as const;
          box.become(buildReported(box.get(), report, Date.now()));
        } else box.become(buildVanished(box.get(), pathId, attempt, Date.now()));
      }
    },
    /** Why nothing can ever land here, or undefined. */
    gone: (): string | undefined => gone,
  };
}

export type QueueWork = ReturnType<typeof makeQueueWork>;

/** What the engine reports is broken machinery; the driver decides what that means. Bugs are thrown on. */
async function orInfra<T>(answer: Promise<T>): Promise<T | Infra> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    return { kind: 'infra', error: failureMessage(error) };
  }
}
