import type { Client } from 'pg';
import { type ConnectionOptions, closeConnection, connectAlone } from './connection.js';

export interface ListenOptions extends ConnectionOptions {
  readonly channel: string;
  /** How often to wake although nothing was heard: a NOTIFY is lost while the server restarts. */
  readonly pollMs: number;
  /**
   * Called with the payload of each notification, and without one after each connection and on each poll. It must not
   * throw; calls are not serialised.
   */
  readonly onWake: (payload: string | undefined) => void;
}

export interface Listener {
  close(): Promise<void>;
}

/** Listens on a channel for as long as the process lives, through restarts of the server. */
export const listen = (options: ListenOptions): Listener => {
  let client: Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;
  const poll = setInterval(() => options.onWake(undefined), options.pollMs);

  const connect = async (): Promise<void> => {
    let isLost = false;
    const reconnect = (): void => {
      if (isLost || isClosed) return;
      isLost = true;
      client = undefined;
      retry = setTimeout(() => void connect(), 250);
    };
    try {
      const fresh = await connectAlone({ ...options, onLost: reconnect });
      fresh.on('notification', ({ payload }) => options.onWake(payload));
      await fresh.query(`LISTEN ${fresh.escapeIdentifier(options.channel)}`);
      if (isClosed) return await closeConnection(fresh);
      client = fresh;
      // What was sent while nobody listened is only found by looking.
      options.onWake(undefined);
    } catch {
      // The server is away; polling goes on, and the next try is under way.
      reconnect();
    }
  };
  void connect(); // never rejects

  return {
    close: async () => {
      isClosed = true;
      clearInterval(poll);
      clearTimeout(retry);
      if (client) await closeConnection(client);
    },
  };
};
