import { Client, Connection } from '@temporalio/client';
import { connectionSettings, type TemporalClient, type TemporalEndpoint } from './temporal.js';

export interface RenewalOptions {
  /** Between two looks at the connection. Default 15 s. */
  readonly pulseMs?: number;
  /** How long an answer may take. Default 5 s. */
  readonly answerMs?: number;
}

const FAILURES = 2;
const OUTLIVED_MS = 120_000;

/**
 * A client that takes a new connection when two looks in a row got no answer. gRPC finds out that an open connection is
 * dead, but waits for the first words of a new one without any limit: one attempt that meets a silent peer, and the
 * channel would stay silent for ever.
 */
export class RenewedTemporal {
  private current: TemporalClient;
  private readonly pulse: NodeJS.Timeout;
  private readonly answerMs: number;
  private failures = 0;

  /** @param first an open connection; default: one that is opened with its first call */
  constructor(
    private readonly endpoint: TemporalEndpoint,
    first?: TemporalClient,
    { pulseMs = 15_000, answerMs = 5_000 }: RenewalOptions = {},
  ) {
    this.current = first ?? openLazily(endpoint);
    this.answerMs = answerMs;
    this.pulse = setInterval(() => void this.look(), pulseMs); // never rejects
    this.pulse.unref();
  }

  /** Ask for it with every use: it may be another one the next time. */
  get client(): Client {
    return this.current.client;
  }

  get connection(): Connection {
    return this.current.connection;
  }

  async close(): Promise<void> {
    clearInterval(this.pulse);
    await this.current.close();
  }

  private async look(): Promise<void> {
    const { current } = this;
    try {
      await current.connection.withDeadline(Date.now() + this.answerMs, () =>
        current.connection.workflowService.getSystemInfo({}),
      );
      this.failures = 0;
    } catch {
      this.failures++; // whoever needs an answer says why there is none
    }
    if (this.failures < FAILURES || current !== this.current) return;
    this.failures = 0;
    this.current = openLazily(this.endpoint);
    // The SDK repeats calls on the old one by timers that do not survive its end: it outlives all their deadlines.
    setTimeout(() => void current.close().catch(() => {}), OUTLIVED_MS).unref();
  }
}

function openLazily(endpoint: TemporalEndpoint): TemporalClient {
  const settings = connectionSettings(endpoint);
  // Channels to one address share their connections otherwise, the silent one too.
  const channelArgs = { ...settings.channelArgs, 'grpc.use_local_subchannel_pool': 1 };
  const connection = Connection.lazy({ ...settings, channelArgs });
  const client = new Client({ connection, namespace: endpoint.namespace });
  return { client, connection, close: () => connection.close() };
}
