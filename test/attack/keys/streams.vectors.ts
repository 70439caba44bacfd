import { insertKey } from '../../support/api/api.js';
import { rowsOf } from '../../support/api/seed.js';
import { until } from '../../support/until.js';
import type { Vector } from '../vector.js';
import { CANARY, type KeysWorld } from './world.js';

/** An open event stream, from the first event on. */
class Heard {
  text = '';
  isOver = false;
  private constructor(private readonly over: AbortController) {}

  static async from(world: KeysWorld, path: string, key: string): Promise<Heard> {
    const heard = new Heard(new AbortController());
    const response = await fetch(`${world.api.url}${path}`, {
      signal: heard.over.signal,
      headers: { authorization: `Bearer ${key}`, 'last-event-id': '0-0' },
    });
    void heard.read(response); // ends with the stream, or with `close`
    return heard;
  }

  close(): void {
    this.over.abort();
  }

  private async read({ body }: Response): Promise<void> {
    try {
      for await (const chunk of body ?? []) this.text += Buffer.from(chunk).toString('utf8');
      this.isOver = true;
    } catch {
      // Closed by us: it was not over.
    }
  }
}

const streams: Vector<KeysWorld> = {
  name: 'events of another project',
  controls: ['keys.scope', 'keys.scope-events'],
  run: async (world, tally) => {
    const { database, keys } = world.api;
    const projects = [world.mine.project];
    const narrow = await insertKey(database, { name: 'hears-its-own', role: 'viewer', projects });
    const queries = ['', `?epicId=${world.other.epic}`, `?taskId=${world.other.task}`];
    const heard = await Promise.all(queries.map((query) => Heard.from(world, `/api/v1/events/stream${query}`, narrow)));
    // What somebody else has been told who came later was told to these before, if at all.
    const alive = await Heard.from(world, '/api/v1/events/stream', keys.viewer);
    await until(() => alive.text.includes(CANARY));
    alive.close();
    // The end of their key ends the streams, after all that was written to them.
    await rowsOf(database, `UPDATE api_key SET revoked_at = now() WHERE name = 'hears-its-own'`);
    await until(() => heard.every(({ isOver }) => isOver));
    for (const [at, { text }] of heard.entries())
      tally.count(text.includes(CANARY) ? `the stream${queries[at]} shows it` : undefined);
  },
};

const outlived: Vector<KeysWorld> = {
  name: 'a stream that outlives its key',
  controls: ['keys.stream-ends'],
  run: async (world, tally) => {
    const { database } = world.api;
    for (const [name, end] of [
      ['revoked', 'revoked_at = now()'],
      ['expired', 'expires_at = now()'],
    ] as const) {
      const key = await insertKey(database, { name: `stream-${name}`, role: 'viewer' });
      const heard = await Heard.from(world, '/api/v1/events/stream', key);
      await rowsOf(database, `UPDATE api_key SET ${end} WHERE name = $1`, [`stream-${name}`]);
      const ends = await until(() => heard.isOver, { atMostMs: 20_000 }).then(
        () => true,
        () => false,
      );
      heard.close();
      tally.count(ends ? undefined : `it goes on after the key was ${name}`);
    }
  },
};

export const STREAMS: readonly Vector<KeysWorld>[] = [streams, outlived];
