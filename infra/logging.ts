import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from './config.js';

export type { Logger } from 'pino';

/** Fields that are never printed, at the top or one level down. */
const SECRET_FIELDS = [
  'password',
  'authorization',
  'apiKey',
  'token',
  'secret',
  'cookie',
  'databaseUrl',
  'connectionString',
].flatMap((field) => [field, `*.${field}`, `headers.${field}`, `req.headers.${field}`]);

export interface LoggerOptions {
  /** Which process speaks: `api`, `worker`, `up`. */
  readonly name: string;
  readonly level: LogLevel;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/** One JSON object a line, times as ISO 8601 UTC, secrets censored by field name. */
export const createLogger = ({ name, level, destination }: LoggerOptions): Logger => {
  const options = {
    name,
    level,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS, censor: '[redacted]' },
  };
  return pino(options, destination ?? patientDestination());
};

/** What waits to be written while nothing can be: the rest of a full disk's log is lost. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Standard output, or `fd`. A log that cannot be written, for the disk is full, must not end who writes it. */
export const patientDestination = (fd = 1): DestinationStream => {
  const stream = pino.destination({ dest: fd, sync: true, maxLength: MAX_WAITING_BYTES });
  stream.on('error', () => {});
  return stream;
};
