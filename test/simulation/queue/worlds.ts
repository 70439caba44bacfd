import type { Score } from '../../../domain/merge/types.js';
import { seeded } from '../../support/merge/random.js';
import { Chance } from '../chance.js';
import { must, Story, type World } from '../world.js';
import { QueueWorld, WEATHERS } from './queue-world.js';

export const queueWorld: World = {
  name: 'queue',
  seeds: 1_800,
  run: (chance, story) => new QueueWorld(chance, story, chance.pick(WEATHERS)).run(),
};

/** Two queues see the same things happen; one of them is told nonsense about costs. */
export const scoresWorld: World = {
  name: 'queue-scores',
  seeds: 200,
  run: (chance, story) => {
    const weather = { ...WEATHERS[0], infra: 0.1 };
    const plain = new QueueWorld(chance, story, weather);
    plain.run();
    const scored = new QueueWorld(Chance.ofTape(chance.tape), new Story(), weather, nonsense(chance.tape.length));
    scored.run();
    const [one, other] = [plain, scored].map(({ rows }) => JSON.stringify([...rows.ended]));
    must(one === other, 'scores change time, never verdicts', () => `${one} became ${other}`);
  },
};

const nonsense = (seed: number): (() => Score) => {
  const random = seeded(seed);
  return () => ({
    costIn: Math.floor(random() * 40_000_000) - 5_000_000,
    costOut: random() < 0.2 ? Number.NaN : Math.floor(random() * 40_000_000),
    okPpm: 0,
    estMs: Math.floor(random() * 1e7),
    sdMs: 0,
  });
};
