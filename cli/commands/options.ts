import { InvalidArgumentError } from 'commander';

/** Collects a repeatable option. It has no default, which help would show as `[]`. */
export const collect = (value: string, earlier: readonly string[] = []): readonly string[] => [...earlier, value];

export const integer =
  (min: number, max: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < min || number > max) {
      throw new InvalidArgumentError(`wants a whole number from ${min} to ${max}`);
    }
    return number;
  };
