/** The server's time: the machine's, moved forward by tests that would otherwise wait for an hour. */
export class Clock {
  private offsetMs = 0;

  now(): number {
    return Date.now() + this.offsetMs;
  }

  /** As GitHub writes times: UTC, whole seconds. */
  at(ms: number = this.now()): string {
    return `${new Date(ms).toISOString().slice(0, 19)}Z`;
  }

  advance(ms: number): void {
    this.offsetMs += ms;
  }
}
