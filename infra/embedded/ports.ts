import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../domain/failures.js';
import { replaceFile } from '../atomic-file.js';
import { readJsonFile } from '../json-file.js';
import type { Progress } from './progress.js';

const NAMES = ['api', 'postgres', 'temporal', 'temporalUi'] as const;
export type PortName = (typeof NAMES)[number];
export type Ports = Readonly<Record<PortName, number>>;

/** Below the ranges that systems take for outgoing connections, so that a remembered port stays free. */
const RANGE = { min: 20_000, max: 32_000 };

/** The API's address, where somebody gave it. */
export interface FixedAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Answers this home's ports: the remembered ones, else free ones that are remembered from now on. One that a stranger
 * has taken meanwhile is replaced, aloud.
 * @throws Conflict when nobody can listen on the address that was given: the API would be started again for ever
 */
export const choosePorts = async (file: string, say: Progress, api?: FixedAddress): Promise<Ports> => {
  if (api !== undefined) await requireListening(api);
  const remembered = recall(file, say);
  const taken = new Set<number>(api === undefined ? [] : [api.port]);
  const choose = async (name: PortName): Promise<number> => {
    if (name === 'api' && api !== undefined) return api.port;
    const former = remembered[name];
    if (former !== undefined && !taken.has(former) && (await whyNeverFree(former)) === undefined) return former;
    const port = await freePort(taken);
    if (former !== undefined) say(`Port ${former} (${name}) is taken by another program; using ${port} from now on.`);
    return port;
  };
  const ports: Record<PortName, number> = { api: 0, postgres: 0, temporal: 0, temporalUi: 0 };
  for (const name of NAMES) {
    ports[name] = await choose(name);
    taken.add(ports[name]);
  }
  replaceFile(file, `${JSON.stringify(ports)}\n`);
  return ports;
};

/** The ports that the file names. A damaged file names none: each start may choose anew. */
const recall = (file: string, say: Progress): Partial<Ports> => {
  try {
    return portsOf(readJsonFile(file, 'ports are chosen anew') ?? {});
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    say(error.message);
    return {};
  }
};

const portsOf = (fields: Readonly<Record<string, unknown>>): Partial<Ports> =>
  Object.fromEntries(NAMES.map((name) => [name, fields[name]] as const).filter(([, port]) => isPort(port)));

const isPort = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;

/** What the last start chose; undefined where there was none. @throws InvalidState when the file is damaged */
export const rememberedPorts = (file: string): Partial<Ports> | undefined => {
  const fields = readJsonFile(file, 'start Millwright again (millwright up) to choose ports anew');
  return fields && portsOf(fields);
};

const requireListening = async ({ host, port }: FixedAddress): Promise<void> => {
  const reason = await whyNeverFree(port, host);
  if (reason === undefined) return;
  const why = reason === 'EADDRINUSE' ? 'another program does' : reason;
  throw new Failure(
    'Conflict',
    `The API cannot listen on ${host}:${port}: ${why}. Set MILLWRIGHT_API_PORT to a free port, or unset it.`,
  );
};

/** Children of an owner that was just killed may hold their ports for a moment longer. */
const whyNeverFree = async (port: number, host?: string): Promise<string | undefined> => {
  for (let attempt = 1; ; attempt++) {
    const reason = await whyNotListen(port, host);
    if (reason !== 'EADDRINUSE' || attempt === 30) return reason;
    await sleep(100);
  }
};

export const freePort = async (taken: ReadonlySet<number>): Promise<number> => {
  for (;;) {
    const port = randomInt(RANGE.min, RANGE.max);
    if (!taken.has(port) && (await whyNotListen(port)) === undefined) return port;
  }
};

/** The system's code for it, such as `EADDRINUSE`; undefined for a port that is free. */
export const whyNotListen = (port: number, host = '127.0.0.1'): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
