// Reading untrusted JSON field by field, with errors that name the place.

/** Called once per mistake. */
export type PlanErrors = (error: string) => void;

export interface RecordReader {
  readonly raw: (name: string) => unknown;
  /** Undefined when the field is absent or null. */
  readonly optional: <T>(name: string, read: (raw: unknown, at: string) => T) => T | undefined;
}

/** Reports a value that is no object, and every field that is not among `known`. */
export function recordOf(
  value: unknown,
  at: string,
  known: readonly string[],
  report: PlanErrors,
): RecordReader | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(`${at}: must be an object`);
    return undefined;
  }
  for (const name of Object.keys(value)) if (!known.includes(name)) report(`${at}: unknown field ${quoted(name)}`);
  const raw = (name: string): unknown =>
    Object.hasOwn(value, name) ? ((value as Readonly<Record<string, unknown>>)[name] ?? undefined) : undefined;
  return {
    raw,
    optional: (name, read) => {
      const field = raw(name);
      return field === undefined ? undefined : read(field, `${at}.${name}`);
    },
  };
}

export function arrayOf<T>(
  value: unknown,
  at: string,
  max: number,
  report: PlanErrors,
  read: (raw: unknown, at: string) => T | undefined,
): readonly T[] {
  if (!Array.isArray(value)) {
    report(`${at}: must be a list`);
    return [];
  }
  if (value.length > max) {
    report(`${at}: has ${value.length} items, at most ${max} are allowed`);
    return [];
  }
  return value.flatMap((raw: unknown, index) => {
    const one = read(raw, `${at}[${index}]`);
    return one === undefined ? [] : [one];
  });
}

export interface TextRule {
  readonly min?: number;
  readonly max: number;
  readonly oneLine?: boolean;
}

/** Trimmed. A NUL is refused because no store can keep it, a line break where a title or name is wanted. */
export function textOf(value: unknown, at: string, rule: TextRule, report: PlanErrors): string {
  if (typeof value !== 'string') {
    report(`${at}: must be a text`);
    return '';
  }
  const text = value.trim();
  if (text.includes('\0')) report(`${at}: must not contain NUL`);
  if (rule.oneLine && /[\r\n]/.test(text)) report(`${at}: must be one line`);
  if (text.length < (rule.min ?? 0)) report(`${at}: must not be empty`);
  if (text.length > rule.max) report(`${at}: has ${text.length} characters, at most ${rule.max} are allowed`);
  return text;
}

export function numberIn(
  value: unknown,
  at: string,
  { min, max, integer }: { readonly min: number; readonly max: number; readonly integer?: boolean },
  report: PlanErrors,
): number {
  const fits = typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value));
  if (fits) return value;
  report(`${at}: must be ${integer ? 'a whole' : 'a'} number from ${min} to ${max}`);
  return min;
}

export function oneOf<T extends string>(
  value: unknown,
  at: string,
  known: readonly [T, ...T[]],
  report: PlanErrors,
): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  report(`${at}: must be ${known.join(' or ')}`);
  return known[0];
}

/** Untrusted names in error texts are cut and escaped. */
export const quoted = (name: string): string => JSON.stringify(name.slice(0, 60));
