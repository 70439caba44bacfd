const MOST_BYTES = 16 * 1024 * 1024;

interface Remembered {
  readonly etag: string;
  readonly answer: unknown;
  readonly bytes: number;
}

/** Answers with an ETag, the latest used ones: asked for again with it, the forge answers 304, which no limit counts. */
export class RememberedAnswers {
  private readonly answers = new Map<string, Remembered>();
  private bytes = 0;

  constructor(private readonly mostBytes = MOST_BYTES) {}

  get(key: string): Remembered | undefined {
    const known = this.answers.get(key);
    if (known === undefined) return undefined;
    this.answers.delete(key);
    this.answers.set(key, known);
    return known;
  }

  put(key: string, etag: string | undefined, answer: { readonly data: unknown }): void {
    this.drop(key);
    if (etag === undefined) return;
    const bytes = key.length + JSON.stringify(answer.data).length;
    // Whoever pages through a list changes the answer that he was given.
    this.answers.set(key, { etag, answer: structuredClone(answer), bytes });
    this.bytes += bytes;
    for (const oldest of this.answers.keys()) {
      if (this.bytes <= this.mostBytes) break;
      this.drop(oldest);
    }
  }

  private drop(key: string): void {
    this.bytes -= this.answers.get(key)?.bytes ?? 0;
    this.answers.delete(key);
  }
}
