import type { Logger } from '../../infra/logging.js';
import { type EventPlace, type EventRepository, type EventRow, FIRST_PLACE, isAfter } from './event.repository.js';

const BATCH = 500;
const KEPT_EVENTS = 2_000;

/**
 * Reads new events once for all readers and keeps the latest in memory. A reader asks for what follows its own place;
 * nothing is queued for it, so one that never reads costs nothing.
 */
export class EventFeed {
  private recent: EventRow[] = [];
  /** Everything after this place, up to `last`, is in `recent`. */
  private floor: EventPlace = FIRST_PLACE;
  private last: EventPlace | undefined;
  private opening: Promise<EventPlace> | undefined;
  private reading: Promise<void> | undefined;
  private isStale = false;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly events: Pick<EventRepository, 'after' | 'lastPlace'>,
    private readonly logger: Logger,
  ) {}

  /** Something may have been committed. Calls while a read is under way become one more read. */
  wake(): void {
    this.isStale = true;
    this.reading ??= this.readAll().finally(() => {
      this.reading = undefined;
      if (this.isStale) this.wake();
    });
  }

  /** The newest place that was read. */
  async head(): Promise<EventPlace> {
    if (this.last !== undefined) return this.last;
    // Once: a second answer could be older than what was read since the first.
    this.opening ??= this.events.lastPlace().then((place) => {
      this.floor = place;
      this.last = place;
      return place;
    });
    try {
      return await this.opening;
    } catch (error) {
      this.opening = undefined;
      throw error;
    }
  }

  /** What follows the place, when memory still has all of it; undefined when the database must be asked. */
  recall(after: EventPlace): readonly EventRow[] | undefined {
    if (this.last === undefined || isAfter(this.floor, after)) return undefined;
    let start = this.recent.length;
    for (let event = this.recent[start - 1]; event !== undefined && isAfter(event, after); )
      event = this.recent[--start - 1];
    return this.recent.slice(start);
  }

  /** Resolves with the next event after the place, or when the signal is aborted. */
  async untilAfter(place: EventPlace, signal: AbortSignal): Promise<void> {
    if (signal.aborted || isAfter(await this.head(), place)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  private async readAll(): Promise<void> {
    try {
      while (this.isStale) {
        this.isStale = false;
        const rows = await this.events.after(await this.head(), BATCH);
        if (rows.length > 0) this.keep(rows);
        if (rows.length === BATCH) this.isStale = true;
      }
    } catch (error) {
      // The poll comes again; readers stay where they are.
      this.isStale = false;
      this.logger.warn({ err: error }, 'events cannot be read');
    }
  }

  private keep(rows: readonly EventRow[]): void {
    this.recent.push(...rows);
    this.last = rows.at(-1);
    const surplus = this.recent.length - KEPT_EVENTS;
    const dropped = surplus > 0 ? this.recent.splice(0, surplus).at(-1) : undefined;
    if (dropped !== undefined) this.floor = dropped;
    for (const wakeReader of [...this.waiting]) wakeReader();
  }
}
