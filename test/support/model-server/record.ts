import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { CacheUsage } from './prefix-cache.js';

interface Common {
  readonly at: string;
  readonly rule: string;
  readonly step: number;
  readonly requestHash: string;
  readonly model: string;
}

/** A call that the vendor would bill. */
export interface BilledCall extends Common, CacheUsage {
  readonly kind: 'billed';
  readonly messageId: string;
  readonly outputTokens: number;
  /** False when an incident broke the reply off: paid, but never usable. */
  readonly complete: boolean;
  readonly head: Readonly<Record<string, string>>;
}

/** A scripted incident that struck; counted so that a restarted server does not strike again. */
export interface StruckIncident extends Common {
  readonly kind: 'incident';
  readonly incident: string;
  readonly countKey: string;
}

export type RecordLine = BilledCall | StruckIncident;

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No file yet: nothing was billed.
    return '';
  }
};

/** Lines of a record file. A torn last line, left by a kill, is left out. */
export const readRecord = (path: string): readonly RecordLine[] =>
  textOf(path)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RecordLine);

/** The server's own books: one JSON line per event, on disk before the answer's first byte is sent. */
export class CallRecord {
  readonly #lines: RecordLine[];
  readonly #file: number | undefined;

  /** @param path absent: kept in memory only */
  constructor(path?: string) {
    this.#lines = path === undefined ? [] : [...readRecord(path)];
    if (path === undefined) return;
    this.#file = openSync(path, 'a', 0o644);
    // A kill may have torn the last line; what was never whole was never answered.
    ftruncateSync(this.#file, textOf(path).lastIndexOf('\n') + 1);
  }

  append(line: RecordLine): void {
    this.#lines.push(line);
    if (this.#file === undefined) return;
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    fsyncSync(this.#file);
  }

  get lines(): readonly RecordLine[] {
    return this.#lines;
  }

  get billed(): readonly BilledCall[] {
    return this.#lines.filter((line) => line.kind === 'billed');
  }

  /** How often an incident struck so far, earlier lives of the server included. */
  strikes(countKey: string): number {
    return this.#lines.filter((line) => line.kind === 'incident' && line.countKey === countKey).length;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

/** Requests whose complete reply was billed more than once, with the number of times. */
export function boughtTwice(lines: readonly RecordLine[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) {
    if (line.kind === 'billed' && line.complete) counts.set(line.requestHash, (counts.get(line.requestHash) ?? 0) + 1);
  }
  return new Map([...counts].filter(([, count]) => count > 1));
}
