import { seeded } from '../support/merge/random.js';

/**
 * Draws that can be repeated: from a seed, or from the tape of an earlier run. The draw 0 is always the calm choice (the
 * first of a list, "no"), so that a tape gets simpler by zeros and by an early end.
 */
export class Chance {
  readonly tape: number[] = [];

  private constructor(private readonly draw: () => number) {}

  static ofSeed(seed: number): Chance {
    return new Chance(seeded(seed));
  }

  static ofTape(tape: readonly number[]): Chance {
    let at = 0;
    return new Chance(() => tape[at++] ?? 0);
  }

  /** 0 to 1, without 1. */
  readonly number = (): number => {
    const drawn = this.draw();
    this.tape.push(drawn);
    return drawn;
  };

  below(count: number): number {
    return Math.floor(this.number() * count);
  }

  is(probability: number): boolean {
    return this.number() >= 1 - probability;
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.below(list.length)] ?? list[0];
  }
}
