/** Counts the attacks of one vector and keeps how those that got through did it. */
export class Tally {
  attacks = 0;
  readonly through: string[] = [];
  /** Why the rest could not be tried. */
  untried: string | undefined;

  /** One attack. @param how it got through; undefined when it was stopped */
  count(how: string | undefined): void {
    this.attacks++;
    if (how !== undefined) this.through.push(how.replace(/\s+/g, ' '));
  }
}

/** One way in, tried as often as there are places to try it at. */
export interface Vector<World> {
  readonly name: string;
  /** Names of controls: with any one of them removed, it gets through. */
  readonly controls: readonly string[];
  /** Part of the short run in the test command. */
  readonly isSmoke?: boolean;
  /** What it throws says that it could not be tried. */
  run(world: World, tally: Tally): Promise<void>;
}

export interface Result {
  readonly vector: string;
  readonly controls: readonly string[];
  readonly attacks: number;
  readonly through: readonly string[];
  /** What cannot be tried is not stopped. */
  readonly untried: string | undefined;
}

export type Listed = Pick<Vector<never>, 'name' | 'controls' | 'isSmoke'>;

export interface Family {
  readonly name: string;
  /** What is attacked, in a few words. */
  readonly about: string;
  readonly vectors: readonly Listed[];
  /** Tries the chosen vectors one after the other. */
  attack(isChosen: (vector: Listed) => boolean, onResult: (result: Result) => void): Promise<void>;
}

/** Ends a vector that hangs. */
const PATIENCE_MS = 240_000;

/** @param open makes what the vectors attack, once for all of them */
export const family = <World extends { close(): Promise<void> | void }>(
  about: Pick<Family, 'name' | 'about'>,
  vectors: readonly Vector<World>[],
  open: () => Promise<World>,
): Family => ({
  ...about,
  vectors,
  attack: async (isChosen, onResult) => {
    const chosen = vectors.filter(isChosen);
    if (chosen.length === 0) return;
    let world: World;
    try {
      world = await open();
    } catch (error) {
      const tally = new Tally();
      tally.untried = words(error);
      for (const vector of chosen) onResult(resultOf(vector, tally));
      return;
    }
    try {
      for (const vector of chosen) onResult(await tryOne(vector, world));
    } finally {
      await world.close();
    }
  },
});

const tryOne = async <World>(vector: Vector<World>, world: World): Promise<Result> => {
  const tally = new Tally();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), PATIENCE_MS);
  });
  try {
    await Promise.race([vector.run(world, tally), late]);
    if (tally.attacks === 0) tally.untried = 'nothing was tried';
  } catch (error) {
    tally.untried = words(error);
  } finally {
    clearTimeout(timer);
  }
  return resultOf(vector, tally);
};

const resultOf = (vector: Listed, { attacks, through, untried }: Tally): Result => ({
  vector: vector.name,
  controls: vector.controls,
  attacks,
  through,
  untried,
});

export const isStopped = ({ through, untried }: Result): boolean => through.length === 0 && untried === undefined;

export const words = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 300);
