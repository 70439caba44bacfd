import type { Bench, Measured } from './comparison.js';
import { historiesOf, runEpic, seedPlannedEpic } from './support/factory/epics.js';
import { FactoryRig } from './support/factory/rig.js';
import { idealEpic } from './support/ideal.js';

const TASKS = 5;
const TURNS = 2;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const IDEAL: Readonly<Record<string, number>> = idealEpic(TASKS, TURNS);

/** M2: the events of an epic of five tasks, against a count by hand of those that it cannot do without. */
export const historyEconomy: Bench = {
  redWhen: 'polls by timers, makes activities of pure rules, or signals every trifle',
  run: async ({ isSmoke, rounds = isSmoke ? 1 : 3 }) => {
    const rig = await FactoryRig.start({ atOnce: 1, turns: TURNS });
    try {
      const counted: Readonly<Record<string, number>>[] = [];
      // A count needs no warming up.
      for (let round = 0; round < rounds; round++) {
        const epic = await seedPlannedEpic(rig, TASKS);
        await runEpic(rig, epic);
        const histories = await historiesOf(rig, epic.projectId);
        const ofType = (type: string) => sum(histories.filter((one) => one.type === type).map(({ events }) => events));
        counted.push(Object.fromEntries(Object.keys(IDEAL).map((type) => [type, ofType(type)])));
      }
      const row = (name: string, types: readonly string[]): Measured => ({
        name,
        unit: 'events',
        baseline: counted.map(() => sum(types.map((type) => IDEAL[type] ?? 0))),
        ours: counted.map((lengths) => sum(types.map((type) => lengths[type] ?? 0))),
      });
      return {
        title: `history of an epic of ${TASKS} tasks of ${TURNS} turns, landed`,
        subject: 'embedded Temporal server, PostgreSQL, scripted model; forge, trees and checks take no time',
        rows: [
          { ...row('the whole epic', Object.keys(IDEAL)), gate: { wants: 'atMost', target: 1.25, floor: 1.5 } },
          ...Object.keys(IDEAL).map((type) => row(type, [type])),
        ],
      };
    } finally {
      await rig.stop();
    }
  },
};
