import { until } from '../until.js';

export interface SeenEvent {
  readonly id: string;
  readonly type: string;
  readonly epicId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A reader of the event stream that keeps all it has seen. */
export class EventReader {
  readonly seen: SeenEvent[] = [];
  private readonly over = new AbortController();
  private text = '';
  /** When the server, or `close`, has ended the stream. */
  readonly ended: Promise<void>;

  private constructor(private readonly response: Response) {
    this.ended = this.read();
  }

  static async open(url: string, key: string, lastEventId?: string): Promise<EventReader> {
    const over = new AbortController();
    const response = await fetch(url, {
      signal: over.signal,
      headers: {
        authorization: `Bearer ${key}`,
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
    });
    const reader = new EventReader(response);
    reader.over.signal.addEventListener('abort', () => over.abort());
    return reader;
  }

  get status(): number {
    return this.response.status;
  }

  close(): void {
    this.over.abort();
  }

  async until(count: number): Promise<readonly SeenEvent[]> {
    await until(() => this.seen.length >= count);
    return this.seen;
  }

  private async read(): Promise<void> {
    try {
      const decoder = new TextDecoder();
      for await (const chunk of this.response.body ?? []) {
        this.text += decoder.decode(chunk, { stream: true });
        const blocks = this.text.split('\n\n');
        this.text = blocks.pop() ?? '';
        for (const block of blocks) this.keep(block);
      }
    } catch {
      // Closed by the test.
    }
  }

  private keep(block: string): void {
    const id = /^id: (.*)$/m.exec(block)?.[1];
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (id !== undefined && data !== undefined) this.seen.push({ ...JSON.parse(data), id });
  }
}
