import { describe, expect, test } from '@jest/globals';
import { seeded } from '../../support/merge/random.js';
import { SimulatedQueue } from '../../support/merge/simulated-queue.js';

const SEEDS = Array.from({ length: 600 }, (_, seed) => seed + 1);

describe('the planner in a random world', () => {
  test.each([
    ['calm', {}],
    ['broken machines', { infra: 0.4 }],
    ['outsiders', { outsiders: 3, infra: 0.1 }],
    ['people and authors meddle', { meddling: true, outsiders: 1, infra: 0.1 }],
  ])('every entry ends once, nothing red lands, no slot is exceeded, nothing wedges: %s', (_name, options) => {
    const bad = SEEDS.flatMap((seed) => {
      const queue = new SimulatedQueue({ seed, entries: 6, ...options });
      const ended = queue.run();
      return ended && queue.problems.length === 0 ? [] : [{ seed, problems: queue.problems.slice(0, 3) }];
    });
    expect(bad.slice(0, 3)).toEqual([]);
  });

  test('scores change time, never verdicts', () => {
    const random = seeded(7);
    const adversarial = () => ({
      costIn: Math.floor(random() * 40_000_000) - 5_000_000,
      costOut: random() < 0.2 ? Number.NaN : Math.floor(random() * 40_000_000),
      okPpm: 0,
      estMs: Math.floor(random() * 1e7),
      sdMs: 0,
    });
    for (const seed of SEEDS.slice(0, 300)) {
      const [plain, scored] = [
        new SimulatedQueue({ seed, entries: 6, infra: 0.1 }),
        new SimulatedQueue({ seed, entries: 6, infra: 0.1, scorer: adversarial }),
      ];
      plain.run();
      scored.run();
      expect({ seed, ended: scored.state.ended }).toEqual({ seed, ended: plain.state.ended });
    }
  });
});
