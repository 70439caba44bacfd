import { Failure } from '../../domain/failures.js';

/** A snapshot of environment variables. An empty value counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

/** Typed access to an environment; every refusal names the variable and what it should have been. */
export class Variables {
  constructor(private readonly env: Environment) {}

  text(name: string): string | undefined {
    const value = this.env[name]?.trim();
    return value === undefined || value === '' ? undefined : value;
  }

  integer(name: string, fallback: number, { min, max }: IntegerRange): number {
    return this.optionalInteger(name, { min, max }) ?? fallback;
  }

  optionalInteger(name: string, { min, max }: IntegerRange): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min || value > max) {
      throw refused(name, `must be a whole number from ${min} to ${max}`);
    }
    return value;
  }

  /** Reads dollars such as `5` or `0.25`, and answers micro-dollars. */
  dollars(name: string, fallbackMicroUsd: number): number {
    const text = this.text(name);
    if (text === undefined) return fallbackMicroUsd;
    const microUsd = Math.round(Number(text) * 1_000_000);
    if (!/^\d+(\.\d{1,6})?$/.test(text) || !Number.isSafeInteger(microUsd)) {
      throw refused(name, 'must be an amount of dollars such as 5 or 0.25');
    }
    return microUsd;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = allowed.find((candidate) => candidate === text);
    if (value === undefined) throw refused(name, `must be one of ${allowed.join(', ')}`);
    return value;
  }

  flag(name: string): boolean | undefined {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return undefined;
    if (['1', 'true', 'yes', 'on'].includes(text)) return true;
    if (['0', 'false', 'no', 'off'].includes(text)) return false;
    throw refused(name, 'must be true or false');
  }

  /** Answers the URL as text, without a trailing slash. */
  url(name: string, schemes: readonly string[]): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const scheme = URL.canParse(text) ? new URL(text).protocol.replace(/:$/, '') : '';
    if (!schemes.includes(scheme)) throw refused(name, `must be a URL that starts with ${schemes.join(':// or ')}://`);
    return text.replace(/\/+$/, '');
  }
}

/** The refusal of one variable. The value stays out of it: it may be a secret. */
export const refused = (variable: string, rule: string): Failure =>
  new Failure('InvalidInput', `${variable} ${rule}.`, { variable });
