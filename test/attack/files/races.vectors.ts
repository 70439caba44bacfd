import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { serviceUser } from '../../support/sandbox/home.js';
import type { Vector } from '../vector.js';
import { type FilesWorld, SECRET } from './world.js';

const ROUNDS = 200;

/** Swaps a directory (or a file) of the tree for a link to the outside and back, as fast as it can. */
const swapper = (tree: string, name: string, target: string): ChildProcess => {
  const script = `
    const fs = require('node:fs');
    process.chdir(${JSON.stringify(tree)});
    for (;;) {
      try {
        fs.renameSync(${JSON.stringify(name)}, 'away');
        fs.symlinkSync(${JSON.stringify(target)}, ${JSON.stringify(name)});
        fs.unlinkSync(${JSON.stringify(name)});
        fs.renameSync('away', ${JSON.stringify(name)});
      } catch { try { fs.unlinkSync(${JSON.stringify(name)}); } catch {} try { fs.renameSync('away', ${JSON.stringify(name)}); } catch {} }
    }`;
  return spawn(process.execPath, ['-e', script], { stdio: 'ignore', ...(serviceUser ?? {}) });
};

const race = (
  name: string,
  swapped: string,
  path: string,
  targetOf: (world: FilesWorld) => string,
): Vector<FilesWorld> => ({
  name,
  controls: ['files.no-follow'],
  run: async (world, tally) => {
    const tree = await world.home.tree({ 'd/secret': 'inside', secret: 'inside' });
    const swapping = swapper(tree, swapped, targetOf(world));
    try {
      for (let round = 0; round < ROUNDS; round++) {
        // Without a sandbox the link leads to a real file: there the tools alone must hold.
        const read = await world.call(
          tree,
          { tool: 'read_file', path, offset: 1, limit: 9 },
          round % 8 === 0 ? 'none' : 'session',
        );
        tally.count(read.ok && read.text.includes(SECRET) ? 'it read what lies behind the link' : undefined);
        if (round % 16 === 0) {
          await world.call(tree, { tool: 'write_file', path, content: 'inside' }, 'none');
          tally.count(await world.harm());
        }
      }
    } finally {
      swapping.kill('SIGKILL');
    }
  },
});

export const RACES: readonly Vector<FilesWorld>[] = [
  race('a directory swapped for a link meanwhile', 'd', 'd/secret', ({ outside }) => outside),
  race('a file swapped for a link meanwhile', 'secret', 'secret', ({ outside }) => join(outside, 'secret')),
];
