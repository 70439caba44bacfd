import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fetchAllBranches } from '../../infra/git/mirror.js';
import { readRef } from '../../infra/git/objects.js';
import { forgeRef } from '../../infra/git/refs.js';
import type { Repository } from '../../infra/git/repository.js';
import { type GitWorld, gitWorld } from '../support/git/mirrors.js';

let world: GitWorld;
beforeEach(async () => {
  world = await gitWorld();
});
afterEach(() => world.remove());

/** The mirror, and how many of its fetches ran beside each other. */
function counting({ git, dir }: Repository): { readonly mirror: Repository; readonly most: () => number } {
  let running = 0;
  let most = 0;
  const run: typeof git.run = async (call) => {
    if (call.command !== 'fetch') return git.run(call);
    running += 1;
    most = Math.max(most, running);
    try {
      return await git.run(call);
    } finally {
      running -= 1;
    }
  };
  return { mirror: { dir, git: { treeOwner: git.treeOwner, run } }, most: () => most };
}

test('fetches of one mirror go one after the other: of two at once git would fail one on the locks of its refs', async () => {
  const { mirror, most } = counting(world.mirror);
  const tip = world.source.commit('first', { 'a.txt': 'a\n' });
  world.source.git('push', '-q', world.forge.dir, 'main');
  await Promise.all(Array.from({ length: 4 }, () => fetchAllBranches(mirror, world.remote)));
  expect(await readRef(mirror, forgeRef('main'))).toBe(tip);
  expect(most()).toBe(1);
});

test('a fetch that fails gives its turn on', async () => {
  const nowhere = { ...world.remote, url: `${world.forge.dir}-gone` };
  const tip = world.source.commit('first', { 'a.txt': 'a\n' });
  world.source.git('push', '-q', world.forge.dir, 'main');
  const [failed, fetched] = await Promise.allSettled([
    fetchAllBranches(world.mirror, nowhere),
    fetchAllBranches(world.mirror, world.remote),
  ]);
  expect([failed.status, fetched.status]).toEqual(['rejected', 'fulfilled']);
  expect(await readRef(world.mirror, forgeRef('main'))).toBe(tip);
});
