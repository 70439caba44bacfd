import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../merge/random.js';
import type { Instance, PartName } from './instance.js';

export type Victim = PartName | 'agent';

export interface Kill {
  readonly victim: Victim;
  readonly atMs: number;
}

const VICTIMS: readonly Victim[] = ['worker', 'api', 'postgres', 'temporal', 'agent', 'worker'];

/** SIGKILLs parts of an instance at random moments, so many times or until it is stopped. The same seed gives the same choices. */
export class Killer {
  readonly kills: Kill[] = [];
  private readonly stopping = new AbortController();
  private readonly loop: Promise<void>;

  constructor(
    private readonly instance: Instance,
    private readonly options: {
      readonly seed: number;
      readonly minMs: number;
      readonly maxMs: number;
      readonly times: number;
    },
  ) {
    this.loop = this.run();
  }

  /** Answers the kills in their order. */
  async stop(): Promise<readonly Kill[]> {
    this.stopping.abort();
    await this.loop;
    return this.kills;
  }

  private async run(): Promise<void> {
    const { seed, minMs, maxMs, times } = this.options;
    const random = seeded(seed);
    const { signal } = this.stopping;
    while (!signal.aborted && this.kills.length < times) {
      await sleep(minMs + random() * (maxMs - minMs), undefined, { signal }).catch(() => {}); // stopped while waiting
      if (signal.aborted) return;
      const victim = VICTIMS[Math.floor(random() * VICTIMS.length)] ?? 'worker';
      if (this.strike(victim, random())) this.kills.push({ victim, atMs: Date.now() });
    }
  }

  private strike(victim: Victim, chance: number): boolean {
    const pid = victim === 'agent' ? this.anyAgent(chance) : this.instance.pidOf(victim);
    if (!pid) return false;
    try {
      process.kill(pid, 'SIGKILL');
      return true;
    } catch {
      return false; // it ended by itself meanwhile
    }
  }

  /** Some process below the worker: a sandbox, or a command in one. */
  private anyAgent(chance: number): number | undefined {
    const below = descendantsOf(this.instance.pidOf('worker'));
    return below[Math.floor(chance * below.length)];
  }
}

function descendantsOf(root: number): readonly number[] {
  if (!root) return [];
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    const parent = parentOf(name);
    if (parent !== undefined) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  for (let level = [root]; level.length > 0; ) {
    level = level.flatMap((pid) => childrenOf.get(pid) ?? []);
    found.push(...level);
  }
  return found;
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // it ended between two reads
  }
}
