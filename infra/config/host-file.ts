import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { errorReason } from '../errors.js';
import { ROLES, type Role } from './models.js';
import { YamlCursor } from './yaml-cursor.js';

/** An agent that this host offers beside the built-in ones. */
export type HostAgent = AnthropicHostAgent | CommandHostAgent;

interface HostAgentIdentity {
  /** `[a-z0-9][a-z0-9-]{0,39}`, unique on the host. */
  readonly name: string;
  readonly role: Role;
}

export interface AnthropicHostAgent extends HostAgentIdentity {
  readonly backend: 'anthropic';
  /** A model's name or alias; absent: the profile of the role. */
  readonly model?: string;
}

export interface CommandHostAgent extends HostAgentIdentity {
  readonly backend: 'command';
  readonly argv: readonly string[];
  /** Absolute paths that the program may read besides the tree and the toolchains. */
  readonly readOnly: readonly string[];
  readonly network: 'none' | 'host';
  /** Of one start of the program. Absent: the deadline of the run. */
  readonly timeoutSeconds?: number;
  readonly model?: string;
}

/** Dollars per million tokens are micro-dollars per token, so prices stay exact. */
export interface ModelPrice {
  readonly inputMicroUsdPerToken: number;
  readonly outputMicroUsdPerToken: number;
  readonly cacheWriteMicroUsdPerToken: number;
  readonly cacheReadMicroUsdPerToken: number;
}

export interface HostConfig {
  readonly agents: readonly HostAgent[];
  /** Absolute paths bound read-only into every sandbox. */
  readonly toolchains: readonly string[];
  /** An admin's exception from what sandboxes refuse: sockets in the file system, which some test tools need. */
  readonly unixSockets: boolean;
  /** By model name; wins over the built-in table. */
  readonly prices: Readonly<Record<string, ModelPrice>>;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const BACKENDS = ['anthropic', 'command'] as const;
const PRICE = { min: 0, max: 10_000 };

/**
 * Reads the host's configuration. An absent file is an empty one, unless `isRequired`.
 * @throws InvalidInput with file, line and key; PermissionDenied when others than its owner may write it, because it
 * names programs that are run.
 */
export const readHostFile = (path: string, isRequired: boolean): HostConfig => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    if (isRequired) throw new Failure('InvalidInput', `The host configuration ${path} does not exist.`, { file: path });
    return { agents: [], toolchains: [], unixSockets: false, prices: {} };
  }
  if ((stat.mode & 0o022) !== 0) {
    throw new Failure('PermissionDenied', `${path} may be written by others: run chmod go-w ${path}.`, { file: path });
  }
  // A FIFO would never end, and a directory is none.
  if (!stat.isFile()) throw new Failure('InvalidInput', `${path} must be a regular file.`, { file: path });
  return parseHostFile(path, readHostBytes(path));
};

const readHostBytes = (path: string): Uint8Array => {
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `${path} cannot be read: ${errorReason(cause)}. It must be readable by who runs Millwright.`;
    throw new Failure('PermissionDenied', message, { file: path }, { cause });
  }
};

export const parseHostFile = (file: string, source: string | Uint8Array): HostConfig => {
  const root = YamlCursor.parse(file, source).members(['agents', 'toolchains', 'sandbox', 'prices']);
  const agents = root.agents.items().map(readAgent);
  const names = new Set<string>();
  for (const [index, { name }] of agents.entries()) {
    if (names.has(name)) throw root.agents.items()[index]?.refuse(`repeats the name ${name}`);
    names.add(name);
  }
  return {
    agents,
    toolchains: root.toolchains.items().map(readAbsolutePath),
    unixSockets: readUnixSockets(root.sandbox),
    prices: Object.fromEntries(root.prices.entries().map(([model, price]) => [model, readPrice(price)])),
  };
};

const readAgent = (cursor: YamlCursor): HostAgent => {
  const at = cursor.members(['name', 'role', 'backend', 'model', 'argv', 'readOnly', 'network', 'timeout']);
  const name = at.name.text();
  if (!NAME.test(name)) throw at.name.refuse('must be lower-case letters, digits and hyphens, at most 40');
  const role = at.role.oneOf(ROLES);
  const model = at.model.isAbsent ? {} : { model: at.model.text() };
  if (at.backend.oneOf(BACKENDS) === 'anthropic') {
    for (const key of ['argv', 'readOnly', 'network', 'timeout'] as const) {
      if (!at[key].isAbsent) throw at[key].refuse('applies to backend command only');
    }
    return { name, role, backend: 'anthropic', ...model };
  }
  const argv = at.argv.items().map((word) => word.text());
  if (argv.length === 0) throw at.argv.refuse('must name the program and its arguments');
  return {
    name,
    role,
    backend: 'command',
    argv,
    readOnly: at.readOnly.items().map(readAbsolutePath),
    network: at.network.isAbsent ? 'none' : at.network.oneOf(['none', 'host']),
    ...(at.timeout.isAbsent ? {} : { timeoutSeconds: at.timeout.number({ min: 1, max: 86_400, isWhole: true }) }),
    ...model,
  };
};

const readUnixSockets = (cursor: YamlCursor): boolean => {
  if (cursor.isAbsent) return false;
  const { unixSockets } = cursor.members(['unixSockets']);
  return !unixSockets.isAbsent && unixSockets.oneOf(['refuse', 'allow']) === 'allow';
};

const readAbsolutePath = (cursor: YamlCursor): string => {
  const path = cursor.text();
  if (!isAbsolute(path)) throw cursor.refuse('must be an absolute path');
  return path;
};

/** Absent cache prices follow the vendor's usual ratios: a write costs 1.25 times, a read 0.1 times the input. */
const readPrice = (cursor: YamlCursor): ModelPrice => {
  const at = cursor.members(['input', 'output', 'cacheWrite', 'cacheRead']);
  const input = at.input.number(PRICE);
  return {
    inputMicroUsdPerToken: input,
    outputMicroUsdPerToken: at.output.number(PRICE),
    cacheWriteMicroUsdPerToken: at.cacheWrite.isAbsent ? input * 1.25 : at.cacheWrite.number(PRICE),
    cacheReadMicroUsdPerToken: at.cacheRead.isAbsent ? input * 0.1 : at.cacheRead.number(PRICE),
  };
};
