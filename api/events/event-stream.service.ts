import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { Logger } from '../../infra/logging.js';
import type { ConnectionOptions } from '../../infra/pg/connection.js';
import { type Listener, listen } from '../../infra/pg/listen.js';
import type { Caller } from '../auth/caller.js';
import { type ApiRuntimeSettings, DATABASE, LOGGER, SETTINGS } from '../dependencies.js';
import { REQUEST_LIMITS } from '../http/limits.js';
import { onceClosed } from '../http/once-closed.js';
import type { HttpReply, HttpRequest } from '../http/server.js';
import {
  type EventFilter,
  type EventPlace,
  EventRepository,
  type EventRow,
  FIRST_PLACE,
  matches,
} from './event.repository.js';
import { EventFeed } from './event-feed.js';
import { parseLastEventId, toSseBlock } from './sse.js';

const HEARTBEAT_MS = 15_000;
const POLL_MS = 1_000;
const BATCH = 200;

/** Serves the event stream to any number of readers; none takes an event from another. */
@Injectable()
export class EventStreamService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly feed: EventFeed;
  private listener: Listener | undefined;
  private readonly closing = new AbortController();
  private readers = 0;
  private readonly maxReaders: number;

  constructor(
    @Inject(DATABASE) private readonly database: ConnectionOptions,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(SETTINGS) { requestLimits }: ApiRuntimeSettings,
    private readonly events: EventRepository,
  ) {
    this.feed = new EventFeed(events, logger);
    this.maxReaders = requestLimits?.readers ?? REQUEST_LIMITS.readers;
  }

  onApplicationBootstrap(): void {
    this.listener = listen({ ...this.database, channel: 'event', pollMs: POLL_MS, onWake: () => this.feed.wake() });
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await this.listener?.close();
  }

  /**
   * Answers with the stream and keeps to it until the client goes.
   * @throws InvalidInput for a Last-Event-ID of another shape; Unavailable with too many readers
   */
  async serve(
    wanted: Omit<EventFilter, 'projects'>,
    caller: Caller,
    request: HttpRequest,
    reply: HttpReply,
  ): Promise<void> {
    const place = await this.placeOf(request.headers['last-event-id']);
    if (this.readers >= this.maxReaders) throw new Failure('Unavailable', 'Too many readers follow the events.');
    reply.hijack();
    const response = reply.raw;
    // `hijack` leaves the headers that were set so far to us.
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) response.setHeader(name, value);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    response.flushHeaders();
    const gone = new AbortController();
    onceClosed(response, () => gone.abort());
    response.on('error', () => gone.abort());
    this.readers++;
    const beat = setInterval(() => beatTo(response), HEARTBEAT_MS);
    try {
      await this.follow(response, { ...wanted, projects: caller.scope }, place, gone.signal);
    } catch (error) {
      // The client comes back with its Last-Event-ID and misses nothing.
      this.logger.warn({ err: error }, 'event stream broken off');
    } finally {
      clearInterval(beat);
      this.readers--;
      response.end();
    }
  }

  private async placeOf(header: string | readonly string[] | undefined): Promise<EventPlace> {
    const place = parseLastEventId(header);
    if (place === undefined) return this.feed.head();
    return (await this.events.isOfThisDatabase(place)) ? place : FIRST_PLACE;
  }

  private async follow(
    response: ServerResponse,
    filter: EventFilter,
    from: EventPlace,
    gone: AbortSignal,
  ): Promise<void> {
    const signal = AbortSignal.any([gone, this.closing.signal]);
    let place = from;
    while (!signal.aborted) {
      const { events, upTo } = await this.next(place, filter);
      for (const event of events) {
        if (!response.write(toSseBlock(event))) await drained(response, signal);
        if (signal.aborted) return;
      }
      place = upTo;
      await this.feed.untilAfter(place, signal);
    }
  }

  /** The next events of the filter, and the place up to which there are no others. */
  private async next(
    place: EventPlace,
    filter: EventFilter,
  ): Promise<{ readonly events: readonly EventRow[]; readonly upTo: EventPlace }> {
    const recalled = this.feed.recall(place);
    if (recalled !== undefined) {
      return { events: recalled.filter((event) => matches(event, filter)), upTo: recalled.at(-1) ?? place };
    }
    const head = await this.feed.head();
    const events = await this.events.between(place, head, filter, BATCH);
    return { events, upTo: events.length === BATCH ? (events.at(-1) ?? head) : head };
  }
}

const beatTo = (response: ServerResponse): void => {
  // A reader that does not read gets no more into its buffer.
  if (!response.writableNeedDrain) response.write(': beat\n\n');
};

const drained = async (response: ServerResponse, signal: AbortSignal): Promise<void> => {
  try {
    await once(response, 'drain', { signal });
  } catch {
    // Aborted: the reader is gone, which the caller sees by the same signal.
  }
};
