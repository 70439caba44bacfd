import { chmod, chown, mkdir, mkdtemp, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TreeFile } from '../../domain/evidence.js';
import { Failure } from '../../domain/failures.js';
import type { SetupConfig } from '../../domain/project-config/types.js';
import { removeDirectory } from '../../infra/remove-directory.js';
import { touch } from '../sandbox/clean.js';
import type { CommandResult, Sandbox, SandboxCommand } from '../sandbox/command.js';
import type { ServiceUser } from '../sandbox/etc-copy.js';
import { hostLimits, type SandboxLimits } from '../sandbox/limits.js';
import { capturedText } from '../sandbox/output.js';
import { logOf } from './log-text.js';
import type { CheckTree } from './ports.js';

export interface LayerSpec {
  readonly projectId: string;
  readonly key: string;
  readonly setup: SetupConfig;
  readonly isolation: 'bubblewrap' | 'none';
}

/** The commands of `setup` failed: perhaps the change's fault, perhaps the network's. */
export interface SetupFailed {
  readonly kind: 'failed';
  readonly log: string;
}
export type LayerOutcome = { readonly kind: 'ready'; readonly directory: string } | SetupFailed;

export interface SetupLayersDeps {
  readonly sandbox: Sandbox;
  /** `layers` of the data directory. */
  readonly directory: string;
  readonly user: ServiceUser | undefined;
  readonly limits?: SandboxLimits;
}

const RUN_EACH = 'for command do sh -c "$command" 2>&1 || exit $?; done';
const COLLECT = 'store=$1; shift; cp -a --reflink=auto --parents -- "$@" "$store/"';
const PUT =
  'store=$1; tree=$PWD; shift; rm -rf -- "$@" && cd "$store" && cp -a --reflink=auto --parents -- "$@" "$tree/"';
const STORE_INSIDE = '/layer';

/**
 * Outputs of `setup`, made once per key and copied into trees: never bound and never hard-linked, so that no tree can
 * change another's. No sandbox ever gets to write a finished one. The copies run inside a sandbox too: there the
 * links that repository code may have planted lead nowhere.
 */
export class SetupLayers {
  private readonly making = new Map<string, Promise<LayerOutcome>>();

  constructor(private readonly deps: SetupLayersDeps) {}

  /** @param freshTree a tree with the files of the commit; it is used up */
  async ensure(spec: LayerSpec, freshTree: () => Promise<CheckTree>, signal?: AbortSignal): Promise<LayerOutcome> {
    const directory = this.place(spec);
    if (await stat(directory).catch(() => undefined)) return { kind: 'ready', directory };
    // The first one's cancellation ends the others' wait too: their attempts are repeated.
    const running = this.making.get(directory) ?? this.make(spec, freshTree, signal);
    this.making.set(directory, running);
    return running.finally(() => this.making.delete(directory));
  }

  /** Replaces what the tree has of the outputs. */
  async copyInto(tree: string, spec: LayerSpec, signal?: AbortSignal): Promise<void> {
    const directory = this.place(spec);
    await touch(directory, Date.now());
    const result = await this.deps.sandbox.run(
      {
        ...this.copy(spec, tree, PUT, directory),
        readOnly: [{ source: directory, target: STORE_INSIDE }],
      },
      signal,
    );
    if (!hasSucceeded(result)) throw copyFailed(result);
  }

  private place({ projectId, key }: LayerSpec): string {
    return join(this.deps.directory, projectId, key);
  }

  private async make(
    spec: LayerSpec,
    freshTree: () => Promise<CheckTree>,
    signal?: AbortSignal,
  ): Promise<LayerOutcome> {
    const tree = await freshTree();
    try {
      const { setup, isolation } = spec;
      const result = await this.deps.sandbox.run(
        {
          argv: ['/bin/sh', '-c', RUN_EACH, 'setup', ...setup.run],
          tree: tree.path,
          env: { CI: 'true', ...assignments(setup.env) },
          network: 'host',
          hasDiskScratch: true,
          isolation,
          limits: { ...this.limits(), wallMs: setup.timeoutSeconds * 1000 },
        },
        signal,
      );
      if (!hasSucceeded(result)) return { kind: 'failed', log: logOf(setup.run.join(' && '), result) };
      return await this.collect(spec, tree.path, signal);
    } finally {
      await tree.release();
    }
  }

  private async collect(spec: LayerSpec, tree: string, signal?: AbortSignal): Promise<LayerOutcome> {
    const project = join(this.deps.directory, spec.projectId);
    await mkdir(project, { recursive: true, mode: 0o711 });
    const unfinished = await mkdtemp(join(project, 'unfinished-'));
    try {
      if (this.deps.user) await chown(unfinished, this.deps.user.uid, this.deps.user.gid);
      const result = await this.deps.sandbox.run(
        {
          ...this.copy(spec, tree, COLLECT, unfinished),
          isTreeReadOnly: true,
          writable: [{ source: unfinished, target: STORE_INSIDE }],
        },
        signal,
      );
      if (!hasSucceeded(result)) {
        return {
          kind: 'failed',
          log: `setup did not make what outputs names.\n${logOf('cp', result)}${capturedText(result.stderr)}`,
        };
      }
      await chmod(unfinished, 0o555);
      const directory = this.place(spec);
      await rename(unfinished, directory).catch((error: NodeJS.ErrnoException) => {
        // Another process was faster: its layer has the same key.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
      return { kind: 'ready', directory };
    } finally {
      await removeDirectory(unfinished);
    }
  }

  private copy(spec: LayerSpec, tree: string, script: string, store: string): SandboxCommand {
    const at = spec.isolation === 'none' ? store : STORE_INSIDE;
    return {
      argv: ['/bin/sh', '-c', script, 'layer', at, ...spec.setup.outputs],
      tree,
      isolation: spec.isolation,
      limits: this.limits(),
    };
  }

  private limits(): SandboxLimits {
    return this.deps.limits ?? hostLimits();
  }
}

/** @throws InvalidInput when git tracks what `setup` says it makes */
export const refuseTrackedOutputs = (setup: SetupConfig, files: readonly TreeFile[]): void => {
  const tracked = setup.outputs.filter((output) =>
    files.some(({ path }) => path === output || path.startsWith(`${output}/`)),
  );
  if (tracked.length === 0) return;
  throw new Failure('InvalidInput', `millwright.yml: setup.outputs names what git tracks: ${tracked.join(', ')}.`, {
    reason: 'INVALID_CONFIG',
    paths: tracked,
  });
};

/** `NAME=value` as a mapping. */
export const assignments = (env: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(env.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));

const hasSucceeded = ({ end }: CommandResult): boolean => end.kind === 'exited' && end.code === 0;

const copyFailed = (result: CommandResult): Failure =>
  new Failure('Internal', `The outputs of setup could not be copied: ${capturedText(result.stderr).slice(0, 500)}`);
