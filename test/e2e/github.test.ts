import { expect, test } from '@jest/globals';
import { GitHubWorld } from '../chaos/github/github-world.js';
import { runCase } from '../chaos/run-case.js';
import { spoil, WORST_WEBHOOKS } from '../support/github/faults/worst-day.js';

const SEED = 7;

test('an issue with the label lands at GitHub, and is closed, on a day on which GitHub does badly', async () => {
  const shown = {
    name: 'an issue at GitHub',
    does: 'an issue of two tasks',
    catches: 'a way from an issue to its end that is broken anywhere',
    run: async (run: Parameters<typeof GitHubWorld.open>[0]) => {
      const world = await GitHubWorld.open(run, { tasks: 2 });
      world.sendEvents({ ...WORST_WEBHOOKS, seed: SEED });
      await world.addProject();
      spoil(world.github, SEED);
      await world.fileIssues();
      await world.verdict();
    },
  };
  expect(await runCase(shown, SEED)).toEqual({ kind: 'passed', ms: expect.any(Number) });
}, 600_000);
