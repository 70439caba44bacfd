import { canBecome, EPIC_MACHINE, type EpicState, isTerminal } from '../../../domain/states.js';
import { cancel } from '../../../workflows/epic/controls.js';
import { forgeEvent } from '../../../workflows/epic/landing.js';
import { type Edges, EpicSim } from '../../support/epic-sim.js';
import type { Chance } from '../chance.js';
import { must, type Story, type World } from '../world.js';
import { HAPPENINGS, type Happening, happen } from './happenings.js';

const PATIENCE = 200;
const TARGETS: readonly ['epic', 'base'] = ['epic', 'base'];
const LANDERS: readonly ['auto', 'person'] = ['auto', 'person'];

class EpicWorld {
  private readonly sim: EpicSim;

  constructor(
    private readonly chance: Chance,
    private readonly story: Story,
  ) {
    this.sim = new EpicSim(this.plan(), { mergeTarget: chance.pick(TARGETS), land: chance.pick(LANDERS) });
  }

  async run(): Promise<void> {
    await this.sim.drain();
    for (let left = this.chance.below(45); left > 0; left--) {
      await this.happen(this.chance.pick(HAPPENINGS), this.chance.below(10));
      this.look();
    }
    if (this.chance.is(0.3)) await this.cancel();
    else await this.cooperate();
    this.lookAtEnd();
  }

  /** Each task depends on some of those before it. */
  private plan(): Edges {
    const tasks = Array.from({ length: 1 + this.chance.below(6) }, (_, at) => {
      const on = Array.from({ length: Math.min(at, this.chance.below(4)) }, () => `t${this.chance.below(at)}`);
      return [`t${at}`, [...new Set(on)]] as const;
    });
    return Object.fromEntries(tasks);
  }

  private async happen(what: Happening, at = 0): Promise<void> {
    this.story.tell(`${what} ${at}`);
    happen(this.sim, what, at);
    await this.sim.drain();
  }

  /** People retry and land, children complete, the queue lands. */
  private async cooperate(): Promise<void> {
    this.story.tell('from here on everybody helps');
    const { sim } = this;
    for (let left = PATIENCE; left > 0 && !sim.epic.ended; left--) {
      for (const what of ['resume', 'retry', 'land', 'answers'] as const) happen(sim, what, 0);
      happen(sim, 'slots', 4);
      await sim.drain();
      happen(sim, 'allComplete', 0);
      await sim.drain();
      const { landing } = sim.epic;
      if (sim.children.size === 0 && landing.kind === 'queued' && !landing.rebase) happen(sim, 'landed', 0);
      await this.happen('later');
    }
    const { epic } = sim;
    must(
      epic.ended?.kind === 'completed',
      'with everybody’s help it completes',
      () => `${epic.state}: ${epic.waitingFor}`,
    );
  }

  private async cancel(): Promise<void> {
    const { sim } = this;
    this.story.tell('a person cancels');
    sim.change((epic) => cancel(epic, { by: 'ada' }, sim.clock));
    await sim.drain();
    const entry = { entryId: sim.enqueued ?? '', prNumber: 7 };
    if (sim.queue.some(({ kind }) => kind === 'withdraw'))
      sim.change((epic) => forgeEvent(epic, { kind: 'entryWithdrawn', ...entry, by: 'ada' }));
    await sim.drain();
    must(sim.epic.ended !== undefined, 'who is cancelled ends', () => `${sim.epic.state}: ${sim.epic.waitingFor}`);
  }

  private look(): void {
    const { epic, children, numbers, slots } = this.sim;
    must(Boolean(epic.ended || epic.waitingFor), 'who waits says for whom', () => epic.state);
    must(new Set(numbers).size === numbers.length, 'a transition is written once', () => numbers.join(' '));
    const idle = epic.tasks.filter((task) => task.granted && !task.open);
    must(idle.length === 0, 'a slot is held by who is open', () => idle.map(({ id }) => id).join(' '));
    const open = epic.tasks.filter((task) => task.open).map(({ id }) => id);
    const living = [...children.keys()];
    must(
      [...open].sort().join() === [...living].sort().join(),
      'the epic knows its children',
      () => `thinks ${open}, living ${living}`,
    );
    const isHeld = epic.pausedBy.length > 0 && !epic.ended;
    must(!isHeld || this.sim.workers().length === 0, 'nobody works for a held epic', () =>
      this.sim.workers().join(' '),
    );
    const unmet = epic.tasks.find(
      (task) =>
        task.open &&
        task.dependsOn.some(({ on }) => {
          const before = epic.tasks.find(({ id }) => id === on);
          return before?.state !== 'COMPLETED';
        }),
    );
    must(unmet === undefined, 'nobody starts before its dependencies', () => `${unmet?.id} of ${slots} slots`);
  }

  private lookAtEnd(): void {
    const { epic, states, children } = this.sim;
    must(isTerminal(EPIC_MACHINE, epic.state), 'an end is an end', () => epic.state);
    must(children.size === 0, 'an ended epic leaves no child', () => [...children.keys()].join(' '));
    must(epic.run === undefined, 'an ended epic leaves no run', () => epic.run?.runId ?? '');
    const path = ['PLANNING', ...states] as readonly EpicState[];
    for (const [at, to] of path.entries()) {
      const from = path[at - 1];
      must(from === undefined || canBecome(EPIC_MACHINE, from, to), 'only steps of the table', () => `${from} → ${to}`);
    }
    for (const what of HAPPENINGS) happen(this.sim, what, 0);
    must(this.sim.epic.state === epic.state, 'terminal is terminal', () => `${epic.state} → ${this.sim.epic.state}`);
  }
}

export const epicWorld: World = {
  name: 'epic',
  seeds: 1_000,
  run: (chance, story) => new EpicWorld(chance, story).run(),
};
