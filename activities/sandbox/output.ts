/** What is kept of a stream: its beginning and its end. */
export interface Captured {
  readonly head: Buffer;
  /** Empty when everything fitted into the head. */
  readonly tail: Buffer;
  readonly totalBytes: number;
}

/** Keeps the first and the last half of `keepBytes`, however much passes. */
export class OutputKeeper {
  private readonly headChunks: Buffer[] = [];
  private headBytes = 0;
  private tailChunks: Buffer[] = [];
  private tailBytes = 0;
  private totalBytes = 0;
  private readonly half: number;

  constructor(keepBytes: number) {
    this.half = Math.ceil(keepBytes / 2);
  }

  add(chunk: Buffer): void {
    this.totalBytes += chunk.length;
    const room = this.half - this.headBytes;
    if (room > 0) {
      this.headChunks.push(chunk.subarray(0, room));
      this.headBytes += Math.min(room, chunk.length);
    }
    if (chunk.length > room) this.addTail(chunk.subarray(Math.max(0, room)));
  }

  private addTail(chunk: Buffer): void {
    this.tailChunks.push(chunk);
    this.tailBytes += chunk.length;
    // Trimmed at twice the size, so that a flood of small chunks is not copied again and again.
    if (this.tailBytes > 2 * this.half) this.trimTail();
  }

  private trimTail(): void {
    const all = Buffer.concat(this.tailChunks);
    this.tailChunks = [Buffer.from(all.subarray(Math.max(0, all.length - this.half)))];
    this.tailBytes = this.tailChunks[0]?.length ?? 0;
  }

  captured(): Captured {
    this.trimTail();
    return {
      head: Buffer.concat(this.headChunks),
      tail: this.tailChunks[0] ?? Buffer.alloc(0),
      totalBytes: this.totalBytes,
    };
  }
}

/** Text of a capture; a line in the middle says how much was left out. */
export const capturedText = ({ head, tail, totalBytes }: Captured): string => {
  const left = totalBytes - head.length - tail.length;
  if (left === 0) return Buffer.concat([head, tail]).toString('utf8');
  return `${head.toString('utf8')}\n… ${left} bytes left out …\n${tail.toString('utf8')}`;
};
