import { TOUCHES_ALL } from '../../../domain/merge/config.js';
import { membersOf } from '../../../domain/merge/facts.js';
import { landed, mayPush, notLanded, scheduledPush } from '../../../domain/merge/landing.js';
import { membersOfPath } from '../../../domain/merge/plan.js';
import { type Inspection, inspected, remoteRead, revalidated, swept } from '../../../domain/merge/remote.js';
import { buildReported, buildVanished } from '../../../domain/merge/reports.js';
import type { BuildResult, Entry, LandingTarget, Path, Score, Sha } from '../../../domain/merge/types.js';
import { conflict, result } from '../../support/merge/states.js';
import type { Chance } from '../chance.js';
import { must, type Story } from '../world.js';
import type { QueueWorld } from './queue-world.js';
import type { Change } from './remote.js';

type Deliver = () => void;
/** Finds something out or does something; what it answers is how the queue hears of it. */
type Act = () => Deliver | undefined;
/** Something that happens beside the queue. */
type Happen = () => void;

interface Effect {
  readonly key: string;
  readonly act: Act;
  /** Whether it lives in the queue's workflow, and dies with it. */
  readonly of: 'queue' | 'outside';
  readonly push?: () => void;
}

/** What the queue does outside itself, as its activities do: the answer may be late, lost, or come twice. */
export class QueueEffects {
  private effects: Effect[] = [];

  constructor(
    private readonly world: QueueWorld,
    private readonly chance: Chance,
    private readonly story: Story,
    private readonly scorer: (() => Score) | undefined,
  ) {}

  get isEmpty(): boolean {
    return this.effects.length === 0;
  }

  add(key: string, act: Act, of: Effect['of'] = 'queue', push?: () => void): void {
    if (this.effects.some((effect) => effect.key === key)) return;
    this.effects.push({ key, act, of, ...(push ? { push } : {}) });
  }

  /** Something that people, authors or outsiders do: it does not die with the queue. */
  happen(key: string, act: Happen): void {
    this.add(
      key,
      () => {
        act();
        return undefined;
      },
      'outside',
    );
  }

  runAny(): void {
    const [effect] = this.effects.splice(this.chance.below(this.effects.length), 1);
    if (!effect) return;
    const { key, of, push } = effect;
    if (of === 'queue' && this.world.weather.crashes && this.chance.is(0.05)) {
      // Its worker died before it began, or after the effect and before the answer: it is done again.
      if (this.chance.is(0.5)) push?.();
      this.effects.push(effect);
      this.story.tell(`${key}: the worker dies`);
      return;
    }
    this.story.tell(key);
    const deliver = effect.act();
    if (!deliver) return;
    if (this.chance.is(0.25)) this.effects.push({ key, act: () => deliver, of });
    else deliver();
  }

  /** The workflow is gone. @param push decides about each push that is on its way */
  dropAll(push: (push: () => void) => void): void {
    for (const effect of this.effects) if (effect.push) push(effect.push);
    this.effects = this.effects.filter(({ of }) => of === 'outside');
  }

  build(path: Path): void {
    this.runBuild(path.id, path.attempt, membersOfPath(this.world.state, path));
  }

  control(pathId: string, attempt: number): void {
    this.runBuild(pathId, attempt, []);
  }

  cancel({ id: pathId, attempt }: Path): void {
    this.add(`cancel ${pathId}/${attempt}`, () => this.report(pathId, attempt, 'cancelled'));
  }

  private runBuild(pathId: string, attempt: number, members: readonly Entry[]): void {
    const { tip } = this.world.state;
    this.add(`build ${pathId}/${attempt} of ${members.map(({ id }) => id).join('+') || 'the tip'}`, () => {
      const found = this.judge(tip, members);
      if (!found) return () => this.vanish(pathId, attempt);
      if (found.cause === 'red' && this.chance.is(0.5)) this.report(pathId, attempt, 'suspect', found)?.();
      return this.report(pathId, attempt, 'verdict', found);
    });
  }

  private judge(tip: Sha, members: readonly Entry[]): BuildResult | undefined {
    const { remote, weather } = this.world;
    if (tip !== remote.tip) return result('tipMoved', { tip: remote.tip });
    if (this.chance.is(weather.infra)) return this.chance.is(0.5) ? undefined : result('infra');
    const changes = members.flatMap(({ prNumber }) => remote.changes.get(prNumber) ?? []);
    if (changes.some((change) => remote.conflicts(change, tip))) return conflict(['file']);
    const isGreen = members.length === 0 ? remote.isGreen(tip) : remote.passes(remote.with(tip, changes));
    if (isGreen) return result('none');
    // Control: the same checks on the parent, here the tip.
    return members.length === 0 || !remote.isGreen(tip) ? result('inherited', { tip }) : result('red');
  }

  /** A lost word is found out about later, from the build's row. */
  private report(
    pathId: string,
    attempt: number,
    phase: 'suspect' | 'verdict' | 'cancelled',
    found?: BuildResult,
  ): Deliver | undefined {
    const word = { pathId, attempt, phase, ...(found ? { result: found } : {}) };
    const say = (): void => {
      for (let times = this.chance.is(0.2) ? 2 : 1; times > 0; times--)
        this.world.state = buildReported(this.world.state, word, this.world.nowMs);
    };
    if (!this.world.weather.crashes || !this.chance.is(0.1)) return say;
    if (phase !== 'suspect') this.add(`ask after ${pathId}/${attempt}`, () => say);
    return undefined;
  }

  private vanish(pathId: string, attempt: number): void {
    this.world.state = buildVanished(this.world.state, pathId, attempt, this.world.nowMs);
  }

  land(headId: number): void {
    const { state, remote } = this.world;
    const head = state.heads.find(({ id }) => id === headId);
    const members = head ? membersOf(state, head) : [];
    const { tip } = state;
    this.add(`prepare landing of ${members.map(({ id }) => id).join('+')}`, () => {
      const changes = members.flatMap(({ prNumber }) => remote.changes.get(prNumber) ?? []);
      const hindered = this.hindrance(tip, members);
      if (hindered) return () => this.setback(headId, hindered);
      return () => {
        if (!mayPush(this.world.state, headId)) return this.setback(headId, { kind: 'unwanted' });
        const commit = remote.newSha();
        this.push(headId, { base: tip, commit, tree: commit }, members, changes);
      };
    });
  }

  private hindrance(tip: Sha, members: readonly Entry[]): Parameters<typeof notLanded>[2] | undefined {
    const { remote } = this.world;
    if (tip !== remote.tip) return { kind: 'baseMoved' };
    for (const { id: entryId, prNumber, headSha } of members) {
      const change = remote.changes.get(prNumber);
      if (change && change.head !== headSha) return { kind: 'headMoved', entryId, headSha: change.head };
      if (change && remote.conflicts(change, tip)) return { kind: 'conflict', entryId, files: ['file'] };
    }
    const changes = members.flatMap(({ prNumber }) => remote.changes.get(prNumber) ?? []);
    return remote.passes(remote.with(tip, changes)) ? undefined : { kind: 'uncertified', checks: ['test'] };
  }

  private push(headId: number, target: LandingTarget, members: readonly Entry[], changes: readonly Change[]): void {
    const { world } = this;
    const { remote } = world;
    world.state = scheduledPush(world.state, headId, target);
    for (const { id } of members) world.rows.recordTarget(id, target.commit);
    const push = (): 'landed' | 'baseMoved' => remote.push(target.commit, target.base, changes);
    this.add(
      `push ${members.map(({ id }) => id).join('+')}`,
      () => {
        const answer = push();
        if (answer === 'baseMoved') return () => this.setback(headId, { kind: 'baseMoved' });
        must(remote.passes(remote.treeOf(target.commit)), 'what lands is green', () => target.commit.slice(-4));
        return () => {
          world.state = landed(world.state, headId, target, world.nowMs);
        };
      },
      'queue',
      push,
    );
  }

  private setback(headId: number, setback: Parameters<typeof notLanded>[2]): void {
    this.world.state = notLanded(this.world.state, headId, setback, this.world.nowMs);
  }

  inspect(entry: Entry): void {
    const { world } = this;
    const asked = { entryId: entry.id, headSha: entry.headSha, tip: world.state.tip };
    this.add(`inspect ${entry.id}`, () => {
      const known = world.find(entry.id)?.patchId;
      const found = this.inspection(entry, asked.tip, known);
      return () => {
        if (found) world.state = inspected(world.state, asked, found, world.nowMs);
      };
    });
  }

  private inspection(entry: Entry, tip: Sha, known: string | undefined): Inspection | undefined {
    const { remote, rows } = this.world;
    const change = remote.changes.get(entry.prNumber);
    if (!change) return undefined;
    const landing = rows.find(entry.id)?.landing;
    if (landing !== undefined && remote.contains(landing))
      return { kind: 'landed', mergeSha: landing, external: false };
    if (known && known !== change.patch) return { kind: 'headChanged', headSha: change.head };
    return {
      kind: 'ready',
      headSha: change.head,
      patchId: change.patch,
      title: entry.title,
      touch: TOUCHES_ALL,
      score: this.scorer?.() ?? entry.score,
      ...(remote.conflicts(change, tip) ? { conflict: ['file'] } : {}),
    };
  }

  revalidate({ id: pathId, attempt }: Path): void {
    const { world } = this;
    const { epoch } = world.state;
    this.add(`revalidate ${pathId} in epoch ${epoch}`, () => () => {
      world.state = revalidated(world.state, { pathId, attempt, epoch }, { kind: 'forget' });
    });
  }

  readRemote(): void {
    const { world } = this;
    const { tip, cfg } = world.state;
    this.add(`read the remote from ${tip.slice(-4)}`, () => {
      const found = { tip: world.remote.tip, moved: tip === world.remote.tip ? 'no' : 'forward', cfg } as const;
      return () => {
        world.state = remoteRead(world.state, tip, found, world.nowMs);
      };
    });
  }

  sweep(tip: Sha): void {
    const { world } = this;
    this.add(`sweep at ${tip.slice(-4)}`, () => {
      const found = world.state.entries.flatMap((entry) => {
        const change = world.remote.changes.get(entry.prNumber);
        return change && world.remote.conflicts(change, tip)
          ? [{ entryId: entry.id, headSha: entry.headSha, files: ['file'] }]
          : [];
      });
      return () => {
        world.state = swept(world.state, tip, found, world.nowMs);
      };
    });
  }
}
