import { execFile } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../../domain/failures.js';
import { errorReason } from '../errors.js';
import { waitForOwnerLock } from '../owner-lock.js';
import { isExecutable } from './launch.js';
import type { Progress } from './progress.js';
import { buildTemporalCli } from './temporal-build.js';
import { downloadTemporalCli } from './temporal-download.js';

/** The version that is downloaded or built; `infra/tools/temporal-cli/go.mod` pins the same. */
export const TEMPORAL_CLI_VERSION = '1.8.2';

/** Older servers lack what the workflows use: priorities and update-with-start as we rely on them. */
const OLDEST_SERVER = [1, 29] as const;

export interface TemporalSearch {
  /** `TEMPORAL_ADDRESS`: a server that runs already. */
  readonly address: string | undefined;
  /** `MILLWRIGHT_TEMPORAL_CLI`. */
  readonly given: string | undefined;
  readonly searchPath: readonly string[];
  readonly cacheDirectory: string;
  readonly say: Progress;
  readonly fetchers?: TemporalFetchers;
}

/** The two slow ways to get a binary; each leaves it complete at `target` or throws and leaves nothing. */
export interface TemporalFetchers {
  download(where: FetchTarget): Promise<void>;
  build(where: FetchTarget): Promise<void>;
}

export interface FetchTarget {
  readonly target: string;
  readonly draft: string;
}

export type TemporalLocation =
  | { readonly kind: 'running'; readonly address: string }
  | { readonly kind: 'cli'; readonly path: string; readonly from: 'given' | 'path' | 'cache' | 'download' | 'build' };

/**
 * Finds Temporal: a running server, a CLI of the user's, the cached one, the vendor's download, a build by Go.
 * @throws InvalidInput when `given` is no usable CLI; NotFound, with every reason and remedy, at the end of the list
 */
export const locateTemporal = async (search: TemporalSearch): Promise<TemporalLocation> => {
  const { address, given, say } = search;
  if (address !== undefined) {
    say(`Temporal: using the server at ${address} (TEMPORAL_ADDRESS); none is started.`);
    return { kind: 'running', address };
  }
  if (given !== undefined) {
    const fault = await whyNotTemporalCli(given);
    if (fault === undefined) return { kind: 'cli', path: given, from: 'given' };
    const details = { variable: 'MILLWRIGHT_TEMPORAL_CLI' };
    throw new Failure('InvalidInput', `MILLWRIGHT_TEMPORAL_CLI names ${given}, which ${fault}.`, details);
  }
  const tried: string[] = [];
  const onPath = search.searchPath.map((directory) => join(directory, 'temporal')).find(isExecutable);
  const fault = onPath === undefined ? undefined : await whyNotTemporalCli(onPath);
  if (onPath !== undefined && fault === undefined) return { kind: 'cli', path: onPath, from: 'path' };
  tried.push(onPath === undefined ? 'no `temporal` is on PATH' : `${onPath} ${fault}`);
  return fetchTemporal(search, tried);
};

/** Where a fetched CLI is kept, whether or not it is there. */
export const cachedTemporalCli = (cacheDirectory: string): string =>
  join(cacheDirectory, 'temporal-cli', TEMPORAL_CLI_VERSION, 'temporal');

const fetchTemporal = async (search: TemporalSearch, tried: string[]): Promise<TemporalLocation> => {
  const { say } = search;
  const target = cachedTemporalCli(search.cacheDirectory);
  const directory = dirname(target);
  mkdirSync(directory, { recursive: true });
  if (isExecutable(target)) return { kind: 'cli', path: target, from: 'cache' };
  const lock = await waitForOwnerLock(join(directory, 'lock'), {
    onWait: ({ pid }) => say(`Temporal: process ${pid} is fetching it already; waiting for that (up to 10 minutes).`),
  });
  try {
    if (isExecutable(target)) return { kind: 'cli', path: target, from: 'cache' };
    removeDrafts(directory);
    const where = { target, draft: join(directory, `draft-${process.pid}`) };
    const fetchers = search.fetchers ?? defaultFetchers(search, directory);
    const ways = [
      ['download', `downloading the CLI ${TEMPORAL_CLI_VERSION} from temporal.download (60 MB, some seconds)`],
      ['build', `building the CLI ${TEMPORAL_CLI_VERSION} with Go (once; about 4 minutes on 2 cores)`],
    ] as const;
    for (const [from, what] of ways) {
      say(`Temporal: ${what} …`);
      const reason = await fetchers[from](where).then(() => whyNotTemporalCli(target), errorReason);
      if (reason === undefined) return { kind: 'cli', path: target, from };
      rmSync(target, { force: true });
      say(`Temporal: ${from} failed: ${reason}.`);
      tried.push(`${from}: ${reason}`);
    }
  } finally {
    lock.release();
  }
  const message = [
    'Temporal was not found and could not be fetched.',
    ...tried.map((reason) => `  - ${reason}`),
    'Do one of these: install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH; set',
    'MILLWRIGHT_TEMPORAL_CLI to one; install Go 1.26.4 or later; or set TEMPORAL_ADDRESS to a running server.',
  ].join('\n');
  throw new Failure('NotFound', message, { tried });
};

/** What a killed fetch left. */
const removeDrafts = (directory: string): void => {
  for (const name of readdirSync(directory)) {
    if (name.startsWith('draft-')) rmSync(join(directory, name), { recursive: true, force: true });
  }
};

const defaultFetchers = ({ searchPath }: TemporalSearch, directory: string): TemporalFetchers => ({
  download: (where) => downloadTemporalCli({ ...where, version: TEMPORAL_CLI_VERSION }),
  build: async (where) => {
    const go = searchPath.map((path) => join(path, 'go')).find(isExecutable);
    if (go === undefined) throw new Error('Go is not installed');
    const logFile = join(directory, 'build.log');
    const output = openSync(logFile, 'w');
    try {
      await buildTemporalCli({ ...where, go, version: TEMPORAL_CLI_VERSION, output });
    } catch (cause) {
      throw new Error(`${errorReason(cause)}; its output is in ${logFile}`, { cause });
    } finally {
      closeSync(output);
    }
  },
});

/** Says why a binary is no CLI for us, in words that follow its path; undefined when it is one. */
export const whyNotTemporalCli = async (path: string): Promise<string | undefined> => {
  if (!isExecutable(path)) return 'is not an executable file';
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 30_000, cwd: dirname(path) });
    const [, major, minor] = /Server (\d+)\.(\d+)/.exec(stdout) ?? [];
    if (major === undefined) return 'does not tell the version of its server';
    const isTooOld =
      Number(major) < OLDEST_SERVER[0] || (Number(major) === OLDEST_SERVER[0] && Number(minor) < OLDEST_SERVER[1]);
    return isTooOld
      ? `brings server ${major}.${minor}, and ${OLDEST_SERVER.join('.')} is the oldest we use`
      : undefined;
  } catch (error) {
    return `does not run (${errorReason(error)})`;
  }
};
