// Epics and the factory talk by messages that take their time: what each knows of the other is always a little old.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { slotsInUse } from '../../../domain/scheduling.js';
import type { AskAdmission } from '../../../workflows/contract/factory.js';
import type { AdmittedMessage } from '../../../workflows/contract/messages.js';
import { admitted } from '../../../workflows/epic/controls.js';
import { asked, type Factory, restore, tellings, told } from '../../../workflows/factory/factory.state.js';
import { type Edges, EpicSim } from '../../support/epic-sim.js';

const LIMITS = { maxEpics: 3, maxWorkers: 4 };
const PLANS: readonly Edges[] = [
  { a1: [], a2: [], a3: [], a4: [], a5: ['a1', 'a2'], a6: ['a3'] },
  { b1: [], b2: ['b1'], b3: ['b1'], b4: ['b1'], b5: ['b2', 'b3'] },
  { c1: [], c2: [], c3: [], c4: [], c5: [] },
];

class Town {
  factory: Factory = restore({ tuning: 'brisk', limits: LIMITS }, 0);
  asks = 0;
  readonly epics = PLANS.map((plan, index) => new EpicSim(plan, { epicId: `e${index}`, maxParallelTasks: 4 }));
  private readonly toFactory: AskAdmission[] = [];
  private readonly toEpics = new Map<string, AdmittedMessage[]>();

  constructor() {
    for (const epic of this.epics)
      epic.factory = (ask) => {
        this.asks += 1;
        this.toFactory.push(ask);
      };
  }

  running = (): number => this.epics.reduce((sum, { epic }) => sum + slotsInUse(epic.tasks), 0);

  /** The factory reads its oldest message and answers; @returns whether there was one */
  factoryHears(): boolean {
    const ask = this.toFactory.shift();
    if (!ask) return false;
    this.factory = asked(this.factory, ask);
    this.factoryTells();
    return true;
  }

  epicHears(index: number): boolean {
    const share = this.toEpics.get(`epic/e${index}`)?.shift();
    if (!share) return false;
    this.epics[index]?.change((epic) => admitted(epic, share));
    return true;
  }

  private factoryTells(): void {
    const said = tellings(this.factory);
    for (const { workflowId, share } of said)
      if (share) this.toEpics.set(workflowId, [...(this.toEpics.get(workflowId) ?? []), share]);
    this.factory = told(this.factory, said);
  }
}

async function deliverAll(town: Town): Promise<void> {
  for (let moved = true; moved; ) {
    moved = false;
    for (const [index, epic] of town.epics.entries()) {
      await epic.drain();
      moved = town.epicHears(index) || moved;
    }
    moved = town.factoryHears() || moved;
    expect(town.running()).toBeLessThanOrEqual(LIMITS.maxWorkers);
  }
}

test('however late messages come, no more run than may, and in the end every free place is used', async () => {
  const event = fc.record({
    kind: fc.constantFrom('epic', 'hear', 'factory', 'done', 'waits', 'deliver'),
    epic: fc.nat(2),
    task: fc.nat(5),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
      const town = new Town();
      for (const { kind, epic: index, task } of events) {
        const epic = town.epics[index];
        const workers = epic?.workers() ?? [];
        const worker = workers[task % Math.max(1, workers.length)];
        if (kind === 'factory') town.factoryHears();
        else if (kind === 'hear') town.epicHears(index);
        else if (kind === 'deliver') await deliverAll(town);
        else if (kind === 'done' && worker) epic?.say(worker, 'COMPLETED');
        else if (kind === 'waits' && worker) epic?.say(worker, 'REVIEW');
        await epic?.drain();
        expect(town.running()).toBeLessThanOrEqual(LIMITS.maxWorkers);
      }
      await deliverAll(town);
      const wanted = town.factory.holders.reduce((sum, { wants }) => sum + wants, 0);
      expect(town.running()).toBe(Math.min(LIMITS.maxWorkers, wanted));
    }),
    { numRuns: 100 },
  );
});

test('an epic that keeps its places busy asks for nothing again', async () => {
  const town = new Town();
  const [, , only] = town.epics;
  if (!only) throw new Error('no epic');
  await only.drain();
  for (let moved = true; moved; ) {
    moved = town.factoryHears();
    moved = town.epicHears(2) || moved;
    await only.drain();
  }
  const before = town.asks;
  only.say(only.workers()[0] ?? '', 'COMPLETED');
  await only.drain();
  expect(town.running()).toBe(LIMITS.maxWorkers);
  expect(town.asks).toBe(before);
});
