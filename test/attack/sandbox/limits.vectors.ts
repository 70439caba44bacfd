import type { SandboxLimits } from '../../../activities/sandbox/limits.js';
import { limits } from '../../support/sandbox/home.js';
import type { Vector } from '../vector.js';
import { type SandboxWorld, said } from './world.js';

interface Bomb {
  readonly limit: string;
  /** Ends by itself after a while, so that a missing limit is seen and not waited for. */
  readonly script: string;
  readonly limits: Partial<SandboxLimits>;
}

const BOMBS: readonly Bomb[] = [
  { limit: 'time', script: 'trap "" TERM; sleep 12', limits: { wallMs: 1_500 } },
  { limit: 'output', script: 'head -c 16M /dev/zero; sleep 5', limits: { outputBytes: 4 << 20 } },
  {
    limit: 'memory',
    script: 'node -e "const a=[];for(let i=0;i<90;i++)a.push(Buffer.alloc(8<<20,1));setTimeout(()=>{},3000)"',
    limits: { memoryBytes: 256 << 20 },
  },
  {
    limit: 'processes',
    script: 'i=0; while [ $i -lt 150 ]; do sleep 6 & i=$((i+1)); done 2>/dev/null; wait',
    limits: { processes: 60 },
  },
  { limit: 'disk', script: 'exec head -c 8M /dev/zero > big', limits: { fileBytes: 1 << 20 } },
  { limit: 'cpu', script: 'timeout 6 sh -c "while :; do :; done"', limits: { cpuSeconds: 1 } },
];

const bomb = ({ limit, script, limits: changes }: Bomb): Vector<SandboxWorld> => ({
  name: `more ${limit} than is allowed`,
  controls: [`sandbox.limit-${limit}`],
  run: async (world, tally) => {
    for (const session of [undefined, world.newSession()]) {
      const where = session === undefined ? {} : { session };
      const { end } = await world.run(script, { limits: limits(changes), ...where });
      // A shell inside may have had the signal, and tells of it.
      const isLimited = end.kind === 'limit' ? end.limit === limit : limit === 'cpu' && end.code === 152;
      tally.count(
        isLimited ? undefined : `${session === undefined ? 'alone' : 'in a session'}: ended ${JSON.stringify(end)}`,
      );
    }
  },
});

const wholeTree: Vector<SandboxWorld> = {
  name: 'a tree larger than is allowed, in many files',
  controls: ['sandbox.limit-tree'],
  run: async (world, tally) => {
    const script = 'for i in 1 2 3 4 5 6 7 8; do head -c 16M /dev/zero > f$i; done; sync; sleep 12';
    const { end } = await world.run(script, { limits: limits({ treeBytes: 32 << 20 }) });
    tally.count(end.kind === 'limit' && end.limit === 'disk' ? undefined : `ended ${JSON.stringify(end)}`);
  },
};

const openFiles: Vector<SandboxWorld> = {
  name: 'more open files and core dumps than are allowed',
  controls: ['sandbox.limit-files'],
  run: async (world, tally) => {
    const output = said(await world.run('ulimit -Hn; ulimit -Hc', { limits: limits({ openFiles: 100 }) }));
    tally.count(output.trim() === '100\n0' ? undefined : `files and cores: ${output.trim().replace('\n', ', ')}`);
  },
};

export const LIMITS: readonly Vector<SandboxWorld>[] = [...BOMBS.map(bomb), wholeTree, openFiles];
