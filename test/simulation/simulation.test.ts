import { expect, test } from '@jest/globals';
import { explore, report, seedsFrom } from './explore.js';
import { WORLDS } from './worlds.js';

const only = process.env.MILLWRIGHT_SEED;

test.each(WORLDS)(
  'whatever happens, every rule holds: $name',
  async (world) => {
    const seeds = only === undefined ? seedsFrom(1, world.seeds) : [Number(only)];
    const found = await explore(world, seeds);
    expect(found ? report(found) : 'every rule holds').toBe('every rule holds');
  },
  300_000,
);
