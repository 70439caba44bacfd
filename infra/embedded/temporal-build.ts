import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentFor } from '../config.js';
import { launch } from './launch.js';

/** The wrapper module that pins the CLI, its server and every dependency by `go.sum`. */
export const TEMPORAL_MODULE_DIRECTORY = join(import.meta.dirname, '../tools/temporal-cli');

export interface BuildRequest {
  /** The Go command. */
  readonly go: string;
  readonly version: string;
  /** Where the binary appears when it is complete. */
  readonly target: string;
  /** A directory of ours for what is not complete, Go's own temporary files included. */
  readonly draft: string;
  readonly moduleDirectory?: string;
  /** File descriptor for Go's output. */
  readonly output?: number;
}

const PACKAGE = 'github.com/temporalio/cli';

/** Builds the Temporal CLI from the pinned module. About four minutes on two cores, and 2 GB of Go's caches. */
export const buildTemporalCli = async (request: BuildRequest): Promise<void> => {
  const { go, version, target, draft, output, moduleDirectory = TEMPORAL_MODULE_DIRECTORY } = request;
  await mkdir(draft, { recursive: true });
  const binary = join(draft, 'temporal');
  const stamp = `-s -w -X ${PACKAGE}/internal/temporalcli.Version=${version}`;
  const argv = [go, 'build', '-mod=readonly', '-ldflags', stamp, '-o', binary, `${PACKAGE}/cmd/temporal`];
  try {
    const child = launch({
      argv,
      directory: moduleDirectory,
      env: { ...environmentFor('tool'), GOTMPDIR: draft, GOWORK: 'off' },
      ...(output === undefined ? {} : { output }),
    });
    const end = await child.ended;
    if (end !== 'exit 0') throw new Error(`go build ended with ${end}`);
    await rename(binary, target);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
};
