import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsNow } from '../../../activities/sandbox/process-tree.js';
import { seeded } from '../merge/random.js';
import type { PartName } from './instance.js';

/** `sandbox`: a process of an agent, or of a check, below the worker. */
export type Victim = PartName | 'sandbox';

export interface Kill {
  readonly victim: Victim;
  readonly pid: number;
  /** What ran there. */
  readonly program: string;
  readonly atMs: number;
}

export interface KillerOptions {
  readonly seed: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Default: until it is stopped. */
  readonly times?: number;
  readonly onKill?: (kill: Kill) => void;
}

const ROUND: readonly Victim[] = ['worker', 'sandbox', 'api', 'postgres', 'temporal'];
/** Sandboxes come and go; the killer lies in wait for one so long. */
const PATIENCE_MS = 3_000;

/** SIGKILLs parts of an instance in turn, at random moments and in a random order. The same seed makes the same choices. */
export class Killer {
  readonly kills: Kill[] = [];
  private readonly stopping = new AbortController();
  private readonly random: () => number;
  private readonly loop: Promise<void>;

  constructor(
    private readonly parts: { pidOf(name: PartName): number },
    private readonly options: KillerOptions,
  ) {
    this.random = seeded(options.seed);
    this.loop = this.run();
  }

  /** Answers the kills in their order. */
  async stop(): Promise<readonly Kill[]> {
    this.stopping.abort();
    await this.loop;
    return this.kills;
  }

  private async run(): Promise<void> {
    const { minMs, maxMs, times = Number.POSITIVE_INFINITY } = this.options;
    const { signal } = this.stopping;
    let round: Victim[] = [];
    while (!signal.aborted && this.kills.length < times) {
      await sleep(minMs + this.random() * (maxMs - minMs), undefined, { signal }).catch(() => {}); // stopped while waiting
      if (round.length === 0) round = shuffled(ROUND, this.random);
      const victim = round.pop() ?? 'worker';
      const chance = this.random();
      const pid = await this.lieInWait(victim, chance);
      if (pid !== undefined) this.strike(victim, pid);
    }
  }

  /** Undefined when there is nobody to kill. */
  private async lieInWait(victim: Victim, chance: number): Promise<number | undefined> {
    const { signal } = this.stopping;
    for (const startedAtMs = performance.now(); performance.now() - startedAtMs < PATIENCE_MS; ) {
      if (signal.aborted) return undefined;
      const found = victim === 'sandbox' ? sandboxesOf(this.parts.pidOf('worker')) : [this.parts.pidOf(victim)];
      const alive = found.filter((pid) => pid > 0);
      if (alive.length > 0) return alive[Math.floor(chance * alive.length)];
      await sleep(20, undefined, { signal }).catch(() => {}); // stopped while waiting
    }
    return undefined;
  }

  private strike(victim: Victim, pid: number): void {
    const program = programOf(pid);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      return; // it ended by itself meanwhile
    }
    const kill = { victim, pid, program, atMs: Date.now() };
    this.kills.push(kill);
    this.options.onKill?.(kill);
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** Every process inside a bubblewrap that the worker started, bubblewrap itself included. */
export function sandboxesOf(worker: number): readonly number[] {
  if (worker === 0) return [];
  const roots = descendantsNow(worker).filter((pid) => wordsOf(pid)[0]?.endsWith('bwrap'));
  return [...new Set(roots.flatMap((pid) => [pid, ...descendantsNow(pid)]))];
}

const programOf = (pid: number): string => wordsOf(pid).slice(0, 3).join(' ').slice(0, 40);

function wordsOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return []; // it ended between two looks
  }
}
