import { createHash, randomUUID } from 'node:crypto';
import { Context, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { SEQUENTIAL, TOUCHES_ALL } from '../../../domain/merge/config.js';
import type {
  CheckActivities,
  CheckRun,
  EvidenceActivities,
  EvidenceRecord,
  RunCheckInput,
} from '../../../workflows/contract/activities/checks.js';
import type { EngineActivities, WorkflowStatus } from '../../../workflows/contract/activities/engine.js';
import type { MailActivities } from '../../../workflows/contract/activities/mail.js';
import type {
  ComposeOutcome,
  GuardReason,
  MergeActivities,
  MergeMember,
  QueueEntryRecord,
  QueueLaneRecord,
  QueueLifecycleEntry,
  QueueStoreActivities,
  RebaseMailInput,
  RecordBuildInput,
} from '../../../workflows/contract/activities/merge.js';
import { until } from '../../support/until.js';

export const shaOf = (text: string): string => createHash('sha1').update(text).digest('hex');

export interface WorldPullRequest {
  headSha: string;
  patchId: string;
  /** The head conflicts with the tip until the author pushes. */
  conflict?: boolean;
  refused?: GuardReason;
}

const GREEN: CheckRun = { outcome: 'passed', failedTests: [], ms: 5 };
export const RED: CheckRun = { outcome: 'failed', failedTests: ['adds'], logRef: 'sha256:log', ms: 5 };
export const BROKEN: CheckRun = { outcome: 'infra', failedTests: [], ms: 1, message: 'no sandbox' };

/** A forge, a store and a check runner that keep state. Deterministic: what is composed names what it is made of. */
export class QueueWorld {
  tip = shaOf('tip');
  readonly prs = new Map<number, WorldPullRequest>();
  readonly landed: string[] = [];
  readonly marked: number[] = [];
  readonly runs: RunCheckInput[] = [];
  readonly evidence = new Map<string, EvidenceRecord>();
  readonly entries = new Map<string, QueueEntryRecord>();
  readonly builds = new Map<string, RecordBuildInput>();
  readonly mails = new Map<string, RebaseMailInput>();
  readonly log: QueueLifecycleEntry[] = [];
  readonly pushes: string[] = [];
  /** Reasons of mails to people about the lane. */
  readonly incidents: string[] = [];
  lane: QueueLaneRecord | undefined;
  isGone = false;
  /** What reading the remote fails with, and how often it has. */
  heldUp: { readonly error: unknown; times: number } | undefined;
  /** What the branch held in an earlier life of its queue, and holds no longer. */
  lostTip: string | undefined;
  /** Decides each run of a check; default green. */
  check: (input: RunCheckInput) => CheckRun | Promise<CheckRun> = () => GREEN;
  /** Fails calls of an activity by name, as often as the number says. */
  readonly failures = new Map<string, number>();
  /** Called before a push moves the base. */
  beforePush: () => void | Promise<void> = () => undefined;
  mismatch: string | undefined;
  private readonly trees = new Map<string, string>();
  private gate: Promise<void> | undefined;
  private open: (() => void) | undefined;

  constructor(private readonly describe: (id: string) => Promise<WorkflowStatus>) {}

  pullRequest(n: number, more: Partial<WorldPullRequest> = {}): WorldPullRequest {
    const pr = { headSha: shaOf(`head ${n}`), patchId: `patch ${n}`, ...more };
    this.prs.set(n, pr);
    return pr;
  }

  /** Checks wait until `release`. */
  holdChecks(): void {
    this.gate = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  release(): void {
    this.gate = undefined;
    this.open?.();
  }

  async running(count = 1): Promise<void> {
    await until(() => this.runs.length >= count);
  }

  outsiderPushes(name: string): void {
    this.tip = shaOf(name);
  }

  readonly activities: MergeActivities &
    QueueStoreActivities &
    CheckActivities &
    EvidenceActivities &
    Pick<MailActivities, 'sendMail'> &
    Pick<EngineActivities, 'describeWorkflows'> = {
    openQueue: async () => {
      this.mayFail('openQueue');
      return this.isGone
        ? { kind: 'gone', reason: 'no such branch' }
        : { kind: 'open', tip: this.tip, cfg: SEQUENTIAL, ...(this.lostTip ? { lostTip: this.lostTip } : {}) };
    },
    readQueueRemote: async ({ tip }) => {
      if (this.heldUp) {
        this.heldUp.times += 1;
        throw this.heldUp.error;
      }
      const moved = tip === this.tip ? 'no' : this.tip === shaOf('rewritten') ? 'rewritten' : 'forward';
      return this.isGone
        ? { kind: 'gone', reason: 'no such branch' }
        : { kind: 'there', tip: this.tip, moved, cfg: SEQUENTIAL };
    },
    inspectEntry: async ({ prNumber, headSha, patchId, title }) => {
      this.mayFail('inspectEntry');
      const pr = this.prs.get(prNumber);
      if (!pr) return { kind: 'refused', reason: 'PR_CLOSED' };
      if (pr.refused) return { kind: 'refused', reason: pr.refused };
      if (patchId !== undefined && patchId !== pr.patchId) return { kind: 'headChanged', headSha: pr.headSha };
      if (patchId === undefined && headSha !== pr.headSha) return { kind: 'headChanged', headSha: pr.headSha };
      const score = { costIn: 51_293, costOut: 2_995_732, okPpm: 950_000, estMs: 1_000, sdMs: 100 };
      const conflict = pr.conflict ? { conflict: ['shared.txt'] } : {};
      return { kind: 'ready', headSha: pr.headSha, patchId: pr.patchId, title, touch: TOUCHES_ALL, score, ...conflict };
    },
    composeCandidate: async ({ tip, members, expectTip }) => {
      this.mayFail('composeCandidate');
      if (expectTip && tip !== this.tip) return { kind: 'tipMoved', tip: this.tip };
      return this.compose(tip, members);
    },
    prepareLanding: async ({ tip, members }) => {
      this.mayFail('prepareLanding');
      if (tip !== this.tip) return { kind: 'tipMoved', tip: this.tip };
      for (const { prNumber, entryId, headSha } of members) {
        const pr = this.prs.get(prNumber);
        if (!pr || pr.refused) return { kind: 'refused', entryId, reason: pr?.refused ?? 'PR_CLOSED' };
        if (pr.headSha !== headSha) return { kind: 'headMoved', entryId, headSha: pr.headSha };
      }
      const composed = this.compose(tip, members);
      if (composed.kind === 'tipMoved') return composed;
      if (composed.kind !== 'composed') return composed;
      if (this.evidence.get(this.keyOf(composed.tree))?.outcome !== 'passed')
        return { kind: 'uncertified', checks: ['test'] };
      return { kind: 'ready', target: { base: tip, commit: composed.commit, tree: composed.tree } };
    },
    landHead: async ({ target, members }) => {
      this.pushes.push(target.commit);
      await this.beforePush();
      if (this.landed.includes(target.commit)) return { kind: 'landed' };
      if (this.tip !== target.base) return { kind: 'baseMoved', tip: this.tip };
      const [member] = members;
      const pr = member && this.prs.get(member.prNumber);
      if (pr && member && pr.headSha !== member.headSha) return { kind: 'headMoved', headSha: pr.headSha };
      this.tip = target.commit;
      this.landed.push(target.commit);
      // The effect is there, the answer is lost.
      this.mayFail('landHead');
      return { kind: 'landed' };
    },
    checkLanding: async () => (this.mismatch ? { kind: 'mismatch', message: this.mismatch } : { kind: 'ok' }),
    markLanded: async ({ prNumber }) => {
      this.mayFail('markLanded');
      this.marked.push(prNumber);
    },
    sweepMergeability: async ({ entries }) => ({
      conflicts: entries.flatMap(({ entryId, headSha }) =>
        [...this.prs.values()].some((pr) => pr.headSha === headSha && pr.conflict)
          ? [{ entryId, headSha, files: ['shared.txt'] }]
          : [],
      ),
    }),
    revalidatePath: async () => ({ kind: 'forget' }),
    recordQueue: async ({ entries, lane, log }) => {
      for (const entry of entries) this.entries.set(entry.entryId, entry);
      if (lane) this.lane = lane;
      this.log.push(...log);
    },
    recordBuild: async (build) => {
      const id = `${build.pathId}/${build.attempt}`;
      if (this.builds.get(id)?.status !== 'done') this.builds.set(id, build);
    },
    readBuild: async ({ pathId, attempt }) => this.builds.get(`${pathId}/${attempt}`) ?? null,
    recordLandingTarget: async () => undefined,
    sendRebaseMail: async (mail) => void this.mails.set(mail.requestId, mail),
    planChecks: async ({ tree }) => ({
      kind: 'planned',
      checks: [
        {
          name: 'test',
          key: this.keyOf(tree),
          needs: [],
          required: true,
          failFast: false,
          rerunsTests: true,
          timeoutMs: 60_000,
          estMs: 1_000,
        },
      ],
    }),
    runCheck: async (input) => {
      this.runs.push(input);
      await this.gateOpens();
      return this.check(input);
    },
    lookUpEvidence: async ({ keys }) => keys.flatMap((key) => this.evidence.get(key) ?? []),
    storeEvidence: async ({ record }) => {
      const stored = this.evidence.get(record.key) ?? { ...record, id: randomUUID() };
      this.evidence.set(record.key, stored);
      return stored;
    },
    voidEvidence: async ({ keys }) => {
      for (const key of keys) this.evidence.delete(key);
    },
    sendMail: async ({ template }) => {
      if (template.kind === 'lane_incident') this.incidents.push(template.reason);
    },
    describeWorkflows: ({ workflowIds }) => Promise.all(workflowIds.map((id) => this.describe(id))),
  };

  treeOf(...parts: readonly string[]): string {
    return shaOf(`tree ${parts.join('+')}`);
  }

  private keyOf(tree: string): string {
    return `key ${tree}`;
  }

  private compose(tip: string, members: readonly MergeMember[]): ComposeOutcome {
    const [member] = members;
    const parentTree = this.trees.get(tip) ?? this.treeOf(tip);
    if (!member) return { kind: 'composed', parent: tip, commit: tip, tree: parentTree, parentTree };
    if (this.prs.get(member.prNumber)?.conflict)
      return { kind: 'conflict', entryId: member.entryId, with: 'tip', files: ['shared.txt'] };
    const commit = shaOf(`${tip} + ${member.headSha}`);
    const tree = this.treeOf(tip, member.headSha);
    this.trees.set(commit, tree);
    return { kind: 'composed', parent: tip, commit, tree, parentTree };
  }

  private async gateOpens(): Promise<void> {
    const { gate } = this;
    if (!gate) return;
    const timer = setInterval(() => heartbeat(), 50);
    try {
      await Promise.race([gate, Context.current().cancelled]);
    } finally {
      clearInterval(timer);
    }
  }

  private mayFail(name: string): void {
    const left = this.failures.get(name) ?? 0;
    this.failures.set(name, left - 1);
    if (left > 0) throw ApplicationFailure.nonRetryable(`${name} broke`, 'Unavailable');
  }
}
