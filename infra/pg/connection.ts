import pg from 'pg';
import { Failure } from '../../domain/failures.js';

const INT8 = 20;

const toSafeInteger = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new Failure('Internal', `The database holds ${text}, which is beyond the safe integers.`);
  }
  return value;
};

/** `pg` reads int8 as text by default, which then sorts and adds as text. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary' && oid === INT8) return toSafeInteger;
    return pg.types.getTypeParser(oid, format);
  },
};

export interface ConnectionOptions {
  readonly databaseUrl: string;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** How long to wait for the answer to a statement. Default: a second more than the server may take for it. */
  readonly answerMs?: number;
}

const STATEMENT_MS = 30_000;
/** The server answers within its own limit, or nobody is there: a lost route tells neither side. */
const ANSWER_MS = STATEMENT_MS + 1_000;

/** What every connection has in common: bounded waits, and no session that a ghost could hold a lock with. */
export const connectionConfig = ({
  databaseUrl,
  applicationName,
  answerMs = ANSWER_MS,
}: ConnectionOptions): pg.ClientConfig => ({
  connectionString: databaseUrl,
  application_name: applicationName,
  connectionTimeoutMillis: 5_000,
  statement_timeout: STATEMENT_MS,
  query_timeout: answerMs,
  idle_in_transaction_session_timeout: 60_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  types,
});

/** A connected client of its own. Without the listener a broken connection would end the process. */
export const connectAlone = async (
  options: ConnectionOptions & { readonly onLost?: (error: Error) => void },
): Promise<pg.Client> => {
  const client = new pg.Client(connectionConfig(options));
  client.on('error', (error) => options.onLost?.(error));
  client.on('end', () => options.onLost?.(new Error('Connection ended')));
  await client.connect();
  return client;
};

const GOODBYE_MS = 2_000;

/** Says goodbye, and hangs up on a server that does not answer: over a lost route no end ever comes. Never rejects. */
export const closeConnection = async (client: pg.Client): Promise<void> => {
  const hangUp = setTimeout(() => client.connection.stream.destroy(), GOODBYE_MS);
  await client.end().catch(() => {}); // it is gone already
  clearTimeout(hangUp);
};
