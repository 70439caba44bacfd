import {
  type Admission,
  admit,
  admittedAs,
  reprioritise,
  whyNotAdmit,
  whyNotWithdraw,
  withdraw,
} from '../../../domain/merge/admit.js';
import { nextDueAtMs } from '../../../domain/merge/clock.js';
import { SEQUENTIAL } from '../../../domain/merge/config.js';
import { needsInspection } from '../../../domain/merge/facts.js';
import { openLane, pauseLane } from '../../../domain/merge/lane.js';
import { plan } from '../../../domain/merge/plan.js';
import { ownerPushed } from '../../../domain/merge/remote.js';
import type { Entry, QueueState, Score } from '../../../domain/merge/types.js';
import { opened, restore, toRecord } from '../../../workflows/merge-queue/queue.state.js';
import { admission, copyOf, emptyQueue, T0 } from '../../support/merge/states.js';
import type { Chance } from '../chance.js';
import { must, type Story } from '../world.js';
import { QueueEffects } from './effects.js';
import { type Change, Remote } from './remote.js';
import { QueueRows } from './rows.js';
import { lookAtEntries, lookAtOrder, lookAtPatience, lookAtPlan, lookAtVerdicts } from './rules.js';

export interface Weather {
  readonly entries: number;
  /** Probability that a build has no verdict at first. */
  readonly infra: number;
  readonly outsiders: number;
  readonly meddling: boolean;
  readonly crashes: boolean;
  /** Every change conflicts with every other, and every author answers, if late. */
  readonly isHot: boolean;
}

interface Job {
  readonly job: number;
  /** What had landed when it began. */
  readonly seen: ReadonlySet<number>;
  readonly steps: number;
}

const MOST_EVENTS = 4_000;
const CALM = { entries: 5, infra: 0, outsiders: 0, meddling: false, crashes: false, isHot: false } as const;
export const WEATHERS: readonly [Weather, ...Weather[]] = [
  CALM,
  { ...CALM, infra: 0.4 },
  { ...CALM, infra: 0.1, outsiders: 3 },
  { ...CALM, infra: 0.1, outsiders: 1, meddling: true },
  { ...CALM, crashes: true },
  { ...CALM, entries: 20, isHot: true },
  { ...CALM, crashes: true, infra: 0.1, outsiders: 2, meddling: true },
];

/**
 * The production planner in a world of its own. Effects take any time and end in any order; answers come late, twice or
 * never; the queue continues as new, or is lost and brought back from its rows. Every event is followed by every rule.
 */
export class QueueWorld {
  state: QueueState = emptyQueue();
  nowMs = T0;
  readonly remote: Remote;
  readonly rows = new QueueRows();
  private readonly effects: QueueEffects;
  /** Of each entry's author, the newest. */
  private readonly jobs = new Map<string, number>();

  constructor(
    private readonly chance: Chance,
    private readonly story: Story,
    readonly weather: Weather,
    scorer?: () => Score,
  ) {
    this.remote = new Remote(chance.below(1_000_000), weather.isHot);
    this.effects = new QueueEffects(this, chance, story, scorer);
  }

  run(): void {
    const { entries, meddling, outsiders, isHot } = this.weather;
    for (let n = 1; n <= (isHot ? 1 : entries); n++) this.effects.happen(`#${n} arrives`, () => this.arrive(n));
    for (let i = 0; meddling && i < entries; i++) this.effects.happen(`meddling ${i}`, () => this.meddle());
    for (let i = 0; i < outsiders; i++) this.effects.happen(`outsider ${i}`, () => this.outsiderPushes());
    for (let event = 0; event < MOST_EVENTS; event++) {
      this.plan();
      if (this.effects.isEmpty) {
        if (this.goOn()) return;
      } else {
        this.effects.runAny();
        this.nowMs += 1 + this.chance.below(1_000);
        lookAtEntries(this);
      }
      if (this.weather.crashes) this.crash();
    }
    must(false, 'it comes to an end', () => this.livingText());
  }

  /** Nothing is under way: whoever has to must act, or time must pass. Answers whether all is done. */
  private goOn(): boolean {
    if (this.state.lane.pausedBy.length > 0) {
      this.state = openLane(this.state, { by: 'person', reason: '' }, this.nowMs);
      this.story.tell('a person opens the lane');
      return false;
    }
    if (this.state.entries.length === 0) {
      const lost = this.rows.admitted.find(({ entryId }) => !this.rows.ended.has(entryId));
      must(lost === undefined, 'every entry ends', () => `${lost?.entryId} is nowhere`);
      return true;
    }
    const due = nextDueAtMs(this.state, this.nowMs);
    must(due !== undefined, 'no wedge', () => this.livingText());
    this.nowMs = Math.max(this.nowMs + 1, due);
    // The queue's tick: a hint that came while the remote was being read is made up for.
    this.state = { ...this.state, remoteDue: true };
    this.story.tell('time passes');
    return false;
  }

  private plan(): void {
    const before = this.state;
    const next = plan(before, this.nowMs);
    lookAtPlan(before, next, this.nowMs);
    this.state = next.state;
    lookAtOrder(before, this.state);
    lookAtVerdicts(this, before);
    if (this.weather.isHot) lookAtPatience(this.state);
    for (const path of next.start) this.effects.build(path);
    const { control } = this.state;
    if (next.startControl && control) this.effects.control(control.pathId, control.attempt);
    for (const path of next.cancel) this.effects.cancel(path);
    if (next.land !== undefined) this.effects.land(next.land);
    for (const entry of this.state.entries.filter(needsInspection)) this.effects.inspect(entry);
    for (const path of next.revalidate) this.effects.revalidate(path);
    if (this.state.remoteDue && this.state.landing?.stage !== 'pushing') this.effects.readRemote();
    if (this.state.sweep !== undefined) this.effects.sweep(this.state.sweep);
    this.rows.follow(toRecord(this.state, undefined), this.state.transitions);
    for (const notice of this.state.notices)
      if (notice.kind === 'rebase') this.askAuthor(notice.entry.entryId, notice.amends);
    this.state = { ...this.state, notices: [], transitions: [], unrecorded: [], marks: [] };
  }

  private arrive(n: number): void {
    const rebased = new Set(this.weather.isHot ? this.remote.treeOf(this.state.tip) : []);
    const change: Change = { n, head: this.remote.newSha(), patch: `patch-${n}`, rebased };
    this.remote.changes.set(n, change);
    const input = admission(n, { headSha: change.head, priority: this.chance.is(0.15) ? 2 : 1 });
    this.rows.admitted.push(input);
    this.ask(input);
    // One after the other, so that there is always one that conflicts with nothing yet.
    if (this.weather.isHot && n < this.weather.entries)
      this.effects.happen(`#${n + 1} arrives`, () => this.arrive(n + 1));
  }

  private ask(input: Admission): void {
    for (let times = this.chance.is(0.2) ? 2 : 1; times > 0; times--)
      if (!admittedAs(this.state, input) && !whyNotAdmit(this.state, input))
        this.state = admit(this.state, input, this.nowMs);
  }

  /** A continuation, or the loss of the engine's store. A worker's death alone changes nothing: its history is replayed. */
  private crash(): void {
    if (this.chance.is(0.03) && !this.state.landing) {
      this.state = restore(
        { projectId: 'p', branch: 'main', tuning: 'normal', carried: copyOf(this.state) },
        this.birth,
      );
      this.story.tell('continued as new');
    }
    if (!this.chance.is(0.01)) return;
    // What is on its way to the remote may still arrive there.
    this.effects.dropAll((push) => this.chance.is(0.5) && push());
    const { cfg } = this.state;
    this.state = opened(
      restore({ projectId: 'p', branch: 'main', tuning: 'normal' }, this.birth),
      this.remote.tip,
      cfg ?? SEQUENTIAL,
    );
    for (const entry of this.rows.living())
      if (!whyNotAdmit(this.state, entry)) this.state = admit(this.state, entry, this.nowMs);
    // The owner was brought back as well, and knows of no entry.
    for (const input of this.rows.unheardOf())
      this.effects.happen(`${input.entryId} is asked for again`, () => this.ask(input));
    this.story.tell(`the engine is lost and brought back: ${this.livingText()}`);
  }

  private get birth() {
    return { queueId: this.state.queueId, nowMs: this.nowMs };
  }

  /**
   * The author resolves the conflict with what has landed when the work begins; now and then too late or never. Who is
   * told of more while at work takes it up or not, and does one thing at a time.
   */
  private askAuthor(entryId: string, amends: boolean): void {
    if (!this.weather.isHot && this.chance.is(0.1)) return;
    if (amends && this.chance.is(0.5)) return;
    const job = (this.jobs.get(entryId) ?? 0) + 1;
    this.jobs.set(entryId, job);
    this.effects.happen(`the author of ${entryId} begins (${job})`, () => {
      const seen = this.remote.treeOf(this.state.tip);
      this.work(entryId, { job, seen, steps: this.chance.below(this.weather.isHot ? 12 : 3) });
    });
  }

  private work(entryId: string, { job, seen, steps }: Job): void {
    if (this.jobs.get(entryId) !== job) return;
    if (steps === 0) this.rebase(entryId, seen);
    else
      this.effects.happen(`the author of ${entryId} works (${job}, ${steps} to go)`, () =>
        this.work(entryId, { job, seen, steps: steps - 1 }),
      );
  }

  private rebase(entryId: string, seen: ReadonlySet<number>): void {
    const entry = this.find(entryId);
    const change = entry && this.remote.changes.get(entry.prNumber);
    if (!change || entry.state !== 'rebasing') return;
    for (const n of seen) change.rebased.add(n);
    change.head = this.remote.newSha();
    change.patch = `${change.patch}'`;
    this.state = ownerPushed(this.state, entryId, change.head, this.nowMs);
  }

  /** People and authors who do not ask first. */
  private meddle(): void {
    const { entries } = this.state;
    const entry = entries[this.chance.below(Math.max(1, entries.length))];
    if (!entry) return;
    const { id: entryId } = entry;
    const change = this.remote.changes.get(entry.prNumber);
    const what = this.chance.pick(['pauses', 'hurries', 'withdraws', 'pushes']);
    if (what === 'pauses') this.state = pauseLane(this.state, 'person', { by: 'person', reason: 'wait' }, this.nowMs);
    if (what === 'hurries') {
      const urgent = { entryId, priority: 2, by: 'person', reason: 'now' } as const;
      this.state = reprioritise(this.state, urgent, this.nowMs);
    }
    if (what === 'withdraws' && !whyNotWithdraw(this.state, entryId))
      this.state = withdraw(this.state, { entryId, by: 'person' }, this.nowMs);
    if (what === 'pushes' && change && entry.state !== 'rebasing' && this.state.landing?.stage !== 'pushing') {
      change.head = this.remote.newSha();
      if (this.chance.is(0.4)) change.patch = `${change.patch}!`;
      this.state = ownerPushed(this.state, entryId, change.head, this.nowMs);
    }
    this.story.tell(`somebody ${what} ${entryId}`);
  }

  private outsiderPushes(): void {
    const number = this.chance.below(100);
    const what = this.chance.is(0.4) ? 'breaks' : 'sound';
    this.remote.pushOutside(number, what);
    this.story.tell(`which ${what === 'breaks' ? 'breaks the base' : 'is sound'}`);
    this.state = { ...this.state, remoteDue: true };
    if (what === 'sound') return;
    this.effects.happen(`the outsider mends ${number}`, () => {
      this.remote.pushOutside(number, 'mends');
      this.state = { ...this.state, remoteDue: true };
    });
  }

  find(entryId: string): Entry | undefined {
    return this.state.entries.find((entry) => entry.id === entryId);
  }

  private livingText(): string {
    return this.state.entries.map((entry) => `${entry.id} ${entry.state}`).join(', ');
  }
}
