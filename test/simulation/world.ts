import type { Chance } from './chance.js';

/** One pure core and what can happen to it. The same draws give the same story. */
export interface World {
  readonly name: string;
  /** Seeds that the test command tries. */
  readonly seeds: number;
  /** @throws Broken when a rule does not hold; anything else thrown is a fault as well */
  run(chance: Chance, story: Story): void | Promise<void>;
}

/** What happened, for whoever has to understand a failure. */
export class Story {
  readonly lines: string[] = [];

  tell(line: string): void {
    this.lines.push(line);
  }
}

/** A rule that must always hold did not. */
export class Broken extends Error {
  constructor(
    readonly rule: string,
    detail: string,
  ) {
    super(`${rule}: ${detail}`);
  }
}

export function must(holds: boolean, rule: string, detail: () => string): asserts holds {
  if (!holds) throw new Broken(rule, detail());
}
