import { setTimeout as sleep } from 'node:timers/promises';
import { RANDOM_FAULTS, type RandomFault, type Target } from './faults.js';

const AT_ONCE = 3;
const LONGEST_PAUSE_MS = 6_000;

/** Random faults, up to three at a time and no two of one part, until it is stopped. */
export class Storm {
  readonly struck: RandomFault[] = [];
  private readonly stopping = new AbortController();
  private readonly busy = new Set<RandomFault['part']>();
  private readonly lanes: Promise<unknown>;

  constructor(
    private readonly target: Target,
    private readonly onStrike: (fault: RandomFault) => void = () => {},
  ) {
    this.lanes = Promise.all(Array.from({ length: AT_ONCE }, () => this.lane()));
  }

  /** Answers what has struck, in order, once the last fault is over. */
  async stop(): Promise<readonly RandomFault[]> {
    this.stopping.abort();
    await this.lanes;
    this.target.model.heal();
    return this.struck;
  }

  private async lane(): Promise<void> {
    const { signal } = this.stopping;
    const { random } = this.target;
    while (!signal.aborted) {
      await sleep(500 + random() * LONGEST_PAUSE_MS, undefined, { signal }).catch(() => {}); // stopped while waiting
      if (signal.aborted) return;
      const free = RANDOM_FAULTS.filter(({ part }) => !this.busy.has(part));
      const fault = free[Math.floor(random() * free.length)];
      if (!fault) continue;
      this.busy.add(fault.part);
      this.struck.push(fault);
      this.onStrike(fault);
      await fault.strike(this.target).finally(() => this.busy.delete(fault.part));
    }
  }
}
