import { Chance } from './chance.js';
import { shorten } from './shorten.js';
import { Broken, Story, type World } from './world.js';

export interface Fault {
  readonly rule: string;
  readonly message: string;
  readonly story: readonly string[];
  readonly tape: readonly number[];
}

export interface Finding extends Fault {
  readonly world: string;
  readonly seed: number;
  /** Steps before the story was made as short as it gets. */
  readonly steps: number;
}

/** Tries the seeds in their order; answers the first that breaks a rule, told as shortly as it can be. */
export async function explore(world: World, seeds: Iterable<number>): Promise<Finding | undefined> {
  const giveBack = takeClock();
  try {
    for (const seed of seeds) {
      const found = await live(world, Chance.ofSeed(seed));
      if (!found) continue;
      const least = await shorten(found, (tape) => live(world, Chance.ofTape(tape)));
      return { ...least, world: world.name, seed, steps: found.story.length };
    }
    return undefined;
  } finally {
    giveBack();
  }
}

async function live(world: World, chance: Chance): Promise<Fault | undefined> {
  const story = new Story();
  try {
    await world.run(chance, story);
    return undefined;
  } catch (error) {
    const isRule = error instanceof Broken;
    const message = isRule ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { rule: isRule ? error.rule : 'nothing is thrown', message, story: story.lines, tape: chance.tape };
  }
}

/** Cores get time and chance as arguments: whoever looks elsewhere breaks the run. */
function takeClock(): () => void {
  const { now } = Date;
  const { random } = Math;
  const refuse = (what: string) => () => {
    throw new Broken('the cores are pure', `${what} was called`);
  };
  Date.now = refuse('Date.now');
  Math.random = refuse('Math.random');
  return () => {
    Date.now = now;
    Math.random = random;
  };
}

const MOST_LINES = 60;

export function report({ world, seed, message, story, steps }: Finding): string {
  const lines = withoutRepeats(story);
  const shown = lines.slice(-MOST_LINES);
  return [
    `${world}, seed ${seed}: ${message}`,
    `shortest story found (${story.length} steps of ${steps}):`,
    ...(shown.length < lines.length ? [`  … ${lines.length - shown.length} lines before`] : []),
    ...shown.map((line) => `  ${line}`),
    `again: npm run simulate -- --world ${world} --seed ${seed}`,
  ].join('\n');
}

function withoutRepeats(lines: readonly string[]): readonly string[] {
  const runs: { readonly line: string; times: number }[] = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last?.line === line) last.times += 1;
    else runs.push({ line, times: 1 });
  }
  return runs.map(({ line, times }) => (times > 1 ? `${line} (× ${times})` : line));
}

export function* seedsFrom(first: number, count: number): Iterable<number> {
  for (let seed = first; seed < first + count; seed++) yield seed;
}
