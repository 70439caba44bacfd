import { admit, admittedAs, reprioritise, whyNotAdmit, whyNotWithdraw, withdraw } from '../../../domain/merge/admit.js';
import { nextDueAtMs } from '../../../domain/merge/clock.js';
import { TOUCHES_ALL } from '../../../domain/merge/config.js';
import { findHead, membersOf, needsInspection, usedSlots } from '../../../domain/merge/facts.js';
import { landed, mayPush, notLanded, scheduledPush } from '../../../domain/merge/landing.js';
import { openLane, pauseLane } from '../../../domain/merge/lane.js';
import { membersOfPath, plan } from '../../../domain/merge/plan.js';
import { inspected, ownerPushed, remoteRead, revalidated, swept } from '../../../domain/merge/remote.js';
import { type BuildReport, buildReported, buildVanished } from '../../../domain/merge/reports.js';
import type { Entry, QueueState, Score, Sha } from '../../../domain/merge/types.js';
import { seeded } from './random.js';
import { type Change, conflictsWith, isGreen, passes } from './simulated-world.js';
import { admission, conflict, copyOf, emptyQueue, result, sha, T0 } from './states.js';

export interface SimulationOptions {
  readonly seed: number;
  readonly entries: number;
  /** Probability that a build has no verdict at first. */
  readonly infra?: number;
  readonly outsiders?: number;
  readonly meddling?: boolean;
  readonly scorer?: (random: () => number) => Score;
}

/**
 * The production planner in a world of its own: checks are arbitrary, non-monotone functions of what is merged; effects
 * take any time and end in any order; messages are doubled or lost. Every event is followed by every invariant.
 */
export class SimulatedQueue {
  state: QueueState;
  nowMs = T0;
  readonly problems: string[] = [];
  readonly admitted: string[] = [];
  private readonly random: () => number;
  private readonly scoring: () => number;
  private readonly changes = new Map<number, Change>();
  private readonly trees = new Map<Sha, ReadonlySet<number>>();
  private readonly effects: { readonly key: string; readonly run: () => void }[] = [];
  private remoteTip: Sha;
  private nextSha = 5_000;
  private outsiders: number;

  constructor(private readonly options: SimulationOptions) {
    this.random = seeded(options.seed);
    this.scoring = seeded(options.seed + 7_919);
    this.state = emptyQueue();
    this.remoteTip = this.state.tip;
    this.trees.set(this.state.tip, new Set());
    this.outsiders = options.outsiders ?? 0;
  }

  /** Runs until nothing is left to do. @returns false when that never came */
  run(): boolean {
    for (let n = 1; n <= this.options.entries; n++) this.effect(`arrive ${n}`, () => this.arrive(n));
    if (this.options.meddling)
      for (let i = 0; i < this.options.entries; i++) this.effect(`meddle ${i}`, () => this.meddle());
    for (let i = 0; i < this.outsiders; i++) this.effect(`outsider ${i}`, () => this.outsiderPushes());
    for (let step = 0; step < 4_000; step++) {
      this.plan();
      if (this.effects.length > 0) {
        const at = Math.floor(this.random() * this.effects.length);
        const [effect] = this.effects.splice(at, 1);
        effect?.run();
        this.nowMs += 1 + Math.floor(this.random() * 1_000);
        this.look(effect?.key ?? '');
        continue;
      }
      if (this.state.lane.pausedBy.length > 0) {
        this.state = openLane(this.state, { by: 'person', reason: '' }, this.nowMs);
        continue;
      }
      if (this.state.entries.length === 0) return true;
      const due = nextDueAtMs(this.state);
      if (due === undefined) {
        this.problems.push(`wedged: ${this.state.entries.map((entry) => `${entry.id} ${entry.state}`).join(', ')}`);
        return false;
      }
      this.nowMs = Math.max(this.nowMs + 1, due);
    }
    this.problems.push('no end');
    return false;
  }

  private arrive(n: number): void {
    const change: Change = { n, head: sha(1_000 + n), patch: `patch-${n}`, rebased: new Set() };
    this.changes.set(n, change);
    const priority = this.random() < 0.15 ? 2 : 1;
    const input = admission(n, { headSha: change.head, priority });
    for (let times = this.random() < 0.2 ? 2 : 1; times > 0; times--) {
      const known = admittedAs(this.state, input);
      if (known || whyNotAdmit(this.state, input)) continue;
      this.state = admit(this.state, input, this.nowMs);
      this.admitted.push(input.entryId);
    }
  }

  private plan(): void {
    const before = this.state;
    const next = plan(before, this.nowMs);
    // Replays must see the same plan: a copy of the state gives it byte for byte.
    if (this.options.seed % 20 === 0 && JSON.stringify(plan(copyOf(before), this.nowMs)) !== JSON.stringify(next))
      this.problems.push('two plans of one state');
    if (next.refusals.length > 0) this.problems.push(`refused: ${next.refusals.join('; ')}`);
    this.state = next.state;
    this.lookAtOrder(before);
    if (usedSlots(this.state) > this.state.cfg.budget) this.problems.push('more builds than slots');
    for (const path of next.start) this.build(path.id, path.attempt, this.state.tip, membersOfPath(this.state, path));
    const { control } = this.state;
    if (next.startControl && control) this.build(control.pathId, control.attempt, this.state.tip, []);
    for (const path of next.cancel)
      this.effect(`cancelled ${path.id}`, () =>
        this.report({ pathId: path.id, attempt: path.attempt, phase: 'cancelled' }),
      );
    if (next.land !== undefined) this.land(next.land);
    for (const entry of this.state.entries.filter(needsInspection)) this.inspect(entry);
    for (const path of next.revalidate) {
      const { epoch } = this.state;
      this.effect(`revalidate ${path.id} ${epoch}`, () => {
        this.state = revalidated(this.state, { pathId: path.id, attempt: path.attempt, epoch }, { kind: 'forget' });
      });
    }
    if (this.state.remoteDue && this.state.landing?.stage !== 'pushing') this.readRemote();
    if (this.state.sweep !== undefined) this.sweep(this.state.sweep);
    for (const notice of this.state.notices) if (notice.kind === 'rebase') this.askAuthor(notice.entry.entryId);
    this.state = { ...this.state, notices: [], transitions: [], unrecorded: [], marks: [] };
  }

  private build(pathId: string, attempt: number, tip: Sha, members: readonly Entry[]): void {
    this.effect(`build ${pathId}/${attempt}`, () => {
      if (tip !== this.remoteTip)
        return this.report({ pathId, attempt, phase: 'verdict', result: result('tipMoved', { tip: this.remoteTip }) });
      if (this.random() < (this.options.infra ?? 0))
        return this.random() < 0.5
          ? this.report({ pathId, attempt, phase: 'verdict', result: result('infra') })
          : this.vanish(pathId, attempt);
      const base = this.trees.get(tip) ?? new Set<number>();
      const changes = members.flatMap((entry) => this.changes.get(entry.prNumber) ?? []);
      if (changes.some((change) => conflictsWith(this.options.seed, change, base)))
        return this.report({ pathId, attempt, phase: 'verdict', result: conflict(['file']) });
      const set = new Set([...base, ...changes.map((change) => change.n)]);
      const green = members.length === 0 ? isGreen(base) : passes(this.options.seed, set);
      if (green) return this.report({ pathId, attempt, phase: 'verdict', result: result('none') });
      if (this.random() < 0.5) this.report({ pathId, attempt, phase: 'suspect', result: result('red') });
      // Control: the same checks on the parent, here the tip.
      const inherited = members.length === 0 || !isGreen(base);
      this.report({
        pathId,
        attempt,
        phase: 'verdict',
        result: inherited ? result('inherited', { tip }) : result('red'),
      });
    });
  }

  private report(report: BuildReport): void {
    this.state = buildReported(this.state, report, this.nowMs);
    if (this.random() < 0.2) this.state = buildReported(this.state, report, this.nowMs);
  }

  private vanish(pathId: string, attempt: number): void {
    this.state = buildVanished(this.state, pathId, attempt, this.nowMs);
  }

  private land(headId: number): void {
    const head = findHead(this.state, headId);
    const members = head ? membersOf(this.state, head) : [];
    const { tip } = this.state;
    this.effect(`prepare ${headId}`, () => {
      if (tip !== this.remoteTip) return this.setback(headId, { kind: 'baseMoved' });
      for (const entry of members) {
        const change = this.changes.get(entry.prNumber);
        if (change && change.head !== entry.headSha)
          return this.setback(headId, { kind: 'headMoved', entryId: entry.id, headSha: change.head });
        if (change && conflictsWith(this.options.seed, change, this.trees.get(tip) ?? new Set()))
          return this.setback(headId, { kind: 'conflict', entryId: entry.id, files: ['file'] });
      }
      const set = new Set([...(this.trees.get(tip) ?? []), ...members.map((entry) => entry.prNumber)]);
      if (!passes(this.options.seed, set)) return this.setback(headId, { kind: 'uncertified', checks: ['test'] });
      if (!mayPush(this.state, headId)) return this.setback(headId, { kind: 'unwanted' });
      const commit = sha(this.nextSha++);
      this.state = scheduledPush(this.state, headId, { base: tip, commit, tree: commit });
      this.effect(`push ${headId}`, () => this.push(headId, commit, tip, set));
    });
  }

  private push(headId: number, commit: Sha, base: Sha, set: ReadonlySet<number>): void {
    if (this.remoteTip !== base) {
      this.setback(headId, { kind: 'baseMoved' });
      return;
    }
    if (!passes(this.options.seed, set)) this.problems.push('a red commit landed');
    this.trees.set(commit, set);
    this.remoteTip = commit;
    this.state = landed(this.state, headId, { base, commit, tree: commit }, this.nowMs);
  }

  private setback(headId: number, setback: Parameters<typeof notLanded>[2]): void {
    this.state = notLanded(this.state, headId, setback, this.nowMs);
  }

  private inspect(entry: Entry): void {
    const asked = { entryId: entry.id, headSha: entry.headSha, tip: this.state.tip };
    this.effect(`inspect ${entry.id}`, () => {
      const change = this.changes.get(entry.prNumber);
      if (!change) return;
      const known = this.state.entries.find((one) => one.id === entry.id)?.patchId;
      const base = this.trees.get(asked.tip) ?? new Set<number>();
      this.state = inspected(
        this.state,
        asked,
        known && known !== change.patch
          ? { kind: 'headChanged', headSha: change.head }
          : {
              kind: 'ready',
              headSha: change.head,
              patchId: change.patch,
              title: entry.title,
              touch: TOUCHES_ALL,
              score: this.options.scorer?.(this.scoring) ?? entry.score,
              ...(conflictsWith(this.options.seed, change, base) ? { conflict: ['file'] } : {}),
            },
        this.nowMs,
      );
    });
  }

  private readRemote(): void {
    const { tip, cfg } = this.state;
    this.effect('read remote', () => {
      const moved = tip === this.remoteTip ? 'no' : 'forward';
      this.state = remoteRead(this.state, tip, { tip: this.remoteTip, moved, cfg }, this.nowMs);
    });
  }

  private sweep(tip: Sha): void {
    this.effect(`sweep ${tip}`, () => {
      const base = this.trees.get(tip) ?? new Set<number>();
      const found = this.state.entries.flatMap((entry) => {
        const change = this.changes.get(entry.prNumber);
        return change && conflictsWith(this.options.seed, change, base)
          ? [{ entryId: entry.id, headSha: entry.headSha, files: ['file'] }]
          : [];
      });
      this.state = swept(this.state, tip, found, this.nowMs);
    });
  }

  /** The author resolves the conflict with what has landed by now; now and then too late or never. */
  private askAuthor(entryId: string): void {
    if (this.random() < 0.1) return;
    this.effect(`rebase ${entryId}`, () => {
      const entry = this.state.entries.find((one) => one.id === entryId);
      const change = entry && this.changes.get(entry.prNumber);
      if (!change || entry.state !== 'rebasing') return;
      for (const n of this.trees.get(this.state.tip) ?? []) change.rebased.add(n);
      change.head = sha(this.nextSha++);
      change.patch = `${change.patch}'`;
      this.state = ownerPushed(this.state, entryId, change.head, this.nowMs);
    });
  }

  /** People and authors who do not ask first. */
  private meddle(): void {
    const { entries } = this.state;
    const entry = entries[Math.floor(this.random() * entries.length)];
    if (!entry) return;
    const change = this.changes.get(entry.prNumber);
    const dice = this.random();
    if (dice < 0.25 && !whyNotWithdraw(this.state, entry.id))
      this.state = withdraw(this.state, { entryId: entry.id, by: 'person' }, this.nowMs);
    else if (dice < 0.5)
      this.state = reprioritise(
        this.state,
        { entryId: entry.id, priority: 2, by: 'person', reason: 'now' },
        this.nowMs,
      );
    else if (dice < 0.75 && change && entry.state !== 'rebasing' && this.state.landing?.stage !== 'pushing') {
      change.head = sha(this.nextSha++);
      if (dice < 0.6) change.patch = `${change.patch}!`;
      this.state = ownerPushed(this.state, entry.id, change.head, this.nowMs);
    } else this.state = pauseLane(this.state, 'person', { by: 'person', reason: 'wait' }, this.nowMs);
  }

  private outsiderPushes(): void {
    const n = 1_000 + Math.floor(this.random() * 100) * 2;
    const base = this.trees.get(this.remoteTip) ?? new Set<number>();
    this.remoteTip = sha(this.nextSha++);
    this.trees.set(this.remoteTip, new Set([...base, n]));
    this.state = { ...this.state, remoteDue: true };
  }

  private effect(key: string, run: () => void): void {
    if (!this.effects.some((effect) => effect.key === key)) this.effects.push({ key, run });
  }

  /** A head that starts to merge leaves no earlier one of equal priority behind that could have gone first. */
  private lookAtOrder(before: QueueState): void {
    const open = this.state.heads
      .filter((head) => head.state === 'open')
      .flatMap((head) => membersOf(this.state, head));
    for (const head of this.state.heads) {
      if (head.state !== 'merging' || findHead(before, head.id)?.state === 'merging') continue;
      for (const entry of membersOf(this.state, head))
        for (const other of open)
          if (other.seq < entry.seq && other.priority >= entry.priority)
            this.problems.push(`${entry.id} overtook ${other.id}`);
    }
  }

  private look(event: string): void {
    const { entries, ended, heads } = this.state;
    const live = entries.map((entry) => entry.id);
    const gone = ended.map((entry) => entry.id);
    if (live.length + gone.length !== this.admitted.length)
      this.problems.push(`after ${event}: entries were lost or doubled`);
    if (new Set([...live, ...gone]).size !== live.length + gone.length)
      this.problems.push(`after ${event}: ended and alive`);
    for (const entry of entries) {
      const inHeads = heads.filter(
        (head) => (head.state === 'open' || head.state === 'merging') && head.members.includes(entry.id),
      );
      if ((entry.state === 'active') !== (inHeads.length === 1))
        this.problems.push(`after ${event}: ${entry.id} is ${entry.state} in ${inHeads.length} heads`);
    }
  }
}
