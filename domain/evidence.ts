import type { CheckConfig, SetupConfig } from './project-config/types.js';

/** One file of a git tree. */
export interface TreeFile {
  /** Six octal digits. */
  readonly mode: string;
  readonly blob: string;
  readonly path: string;
}

/** Hex digest of a text; injected because pure code has no crypto. */
export type Sha256 = (text: string) => string;

/** What a check can see beside its files. */
export interface Toolchain {
  readonly profileVersion: number;
  readonly isolation: 'bubblewrap' | 'none';
  readonly osRelease: string;
  /** Tool → first line of its `--version`. */
  readonly tools: Readonly<Record<string, string>>;
}

/** Digest of an input list: `mode blob path` of each file, in git's order. */
export const inputDigest = (files: readonly TreeFile[], sha256: Sha256): string =>
  sha256(files.map(({ mode, blob, path }) => `${mode} ${blob} ${path}\n`).join(''));

export const toolchainDigest = (toolchain: Toolchain, layerKey: string | undefined, sha256: Sha256): string =>
  sha256(
    JSON.stringify([
      toolchain.profileVersion,
      toolchain.isolation,
      toolchain.osRelease,
      Object.entries(toolchain.tools).sort(([a], [b]) => (a < b ? -1 : 1)),
      layerKey ?? null,
    ]),
  );

/**
 * Equal keys mean equal verdicts: the check's definition, everything it runs on, everything it reads. What only
 * decides when it runs (`needs`, `required`, `failFast`) is left out.
 * @param inputs digest of the input list; with landing `strict` that is the whole tree
 */
export const evidenceKey = (check: CheckConfig, toolchain: string, inputs: string, sha256: Sha256): string =>
  sha256(
    JSON.stringify([
      check.name,
      check.run,
      check.rerun ?? null,
      check.timeoutSeconds,
      check.retry,
      check.env,
      toolchain,
      inputs,
    ]),
  );

/** Key of the outputs of `setup`. @param inputs digest of the files that `setup.inputs` names */
export const layerKey = (setup: SetupConfig, toolchain: string, inputs: string, sha256: Sha256): string =>
  sha256(JSON.stringify([setup.run, setup.outputs, setup.env, toolchain, inputs]));
