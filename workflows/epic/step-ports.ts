// What the driver of steps needs from outside.
import type { WorkflowStatus } from '../contract/activities/engine.js';
import type { PullRequestRef } from '../contract/activities/forge.js';
import type { EpicPatch, TaskSnapshot } from '../contract/activities/store.js';
import type { AskAdmission } from '../contract/factory.js';
import type { QueueForgeEvent } from '../contract/forge-event.js';
import type { LifecycleEntry } from '../contract/lifecycle.js';
import type { EnqueueOutcome } from '../contract/merge-queue.js';
import type { EpicTask, OwedMail, TaskWrite } from './epic.state.js';

export type Told = 'told' | 'gone';

/** Ports throw what their activities throw; a signal's missing receiver is an answer. */
export interface StepPorts {
  saveEpic(patch: EpicPatch, entries: readonly LifecycleEntry[]): Promise<{ readonly revision: number }>;
  saveTask(write: TaskWrite): Promise<unknown>;
  sendMail(mail: OwedMail): Promise<void>;
  handOnMail(mailIds: readonly string[]): Promise<void>;
  applyPlan(version: number): Promise<readonly TaskSnapshot[]>;
  listTasks(): Promise<readonly TaskSnapshot[]>;
  addIntegrationTask(taskId: string, files: readonly string[]): Promise<TaskSnapshot>;
  createBranch(): Promise<unknown>;
  readTip(branch: string): Promise<string | null>;
  isContained(tip: string, head: string): Promise<boolean>;
  openPullRequest(headSha: string): Promise<PullRequestRef>;
  closePullRequest(number: number, reason: string): Promise<void>;
  enqueue(entry: {
    readonly entryId: string;
    readonly prNumber: number;
    readonly headSha: string;
    readonly by: string;
  }): Promise<EnqueueOutcome>;
  deleteMergedBranch(mergedSha: string): Promise<boolean>;
  dropBranch(): Promise<void>;
  describe(workflowIds: readonly string[]): Promise<readonly WorkflowStatus[]>;
  startTask(task: EpicTask, admitted: boolean): Promise<'started' | 'exists'>;
  admit(taskId: string): Promise<Told>;
  hold(workflowId: string, on: boolean): Promise<Told>;
  cancelTask(taskId: string): Promise<Told>;
  askFactory(ask: AskAdmission): Promise<Told>;
  leaveFactory(): Promise<Told>;
  tellQueue(event: QueueForgeEvent): Promise<Told>;
}
