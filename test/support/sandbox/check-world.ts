import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckDeps, createCheckActivities } from '../../../activities/checks/checks.activities.js';
import type { AcquireCheckTree, CheckTree, CheckTrees } from '../../../activities/checks/ports.js';
import { FileCheckResults } from '../../../activities/checks/results.js';
import { SetupLayers } from '../../../activities/checks/setup-layers.js';
import { ToolchainProbe } from '../../../activities/checks/toolchain.js';
import type { TreeFile } from '../../../domain/evidence.js';
import { Failure } from '../../../domain/failures.js';
import type { ConfigOverrides } from '../../../domain/project-config/types.js';
import type { CheckActivities } from '../../../workflows/contract/activities/checks.js';
import { type SandboxHome, serviceUser } from './home.js';

type Files = Readonly<Record<string, string>>;

/** Commits as plain maps of files; every acquired tree is a real directory. */
class MemoryTrees implements CheckTrees {
  readonly commits = new Map<string, Files>();
  /** Trees that were acquired and not given back. */
  open = 0;

  constructor(private readonly home: SandboxHome) {}

  async listFiles(_: string, commit: string): Promise<readonly TreeFile[]> {
    return Object.entries(this.filesOf(commit))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, content]) => ({ mode: '100644', blob: createHash('sha1').update(content).digest('hex'), path }));
  }

  async readFile(_: string, commit: string, path: string): Promise<string | undefined> {
    return this.filesOf(commit)[path];
  }

  async acquire({ commit }: AcquireCheckTree): Promise<CheckTree> {
    const path = await this.home.tree(this.filesOf(commit));
    this.open += 1;
    const release = async (): Promise<void> => {
      this.open -= 1;
      await rm(path, { recursive: true, force: true });
    };
    return { path, release };
  }

  private filesOf(commit: string): Files {
    const files = this.commits.get(commit);
    if (files === undefined) throw new Failure('NotFound', `commit ${commit} is not here`);
    return files;
  }
}

/** The check activities over a real sandbox and commits in memory. */
export class CheckWorld {
  readonly trees: MemoryTrees;
  readonly logs = new Map<string, string>();
  readonly deps: CheckDeps;
  readonly activities: CheckActivities;

  private constructor(
    readonly home: SandboxHome,
    emptyTree: string,
    overrides: ConfigOverrides,
  ) {
    this.trees = new MemoryTrees(home);
    const { sandbox } = home;
    this.deps = {
      sandbox,
      trees: this.trees,
      projects: { overrides: async () => overrides, usualMs: async () => ({ known: 1234 }) },
      toolchain: new ToolchainProbe({ sandbox, path: sandbox.path, emptyTree }),
      layers: new SetupLayers({ sandbox, directory: join(home.directory, 'layers'), user: serviceUser }),
      results: new FileCheckResults(join(home.directory, 'results')),
      blobs: {
        put: async (text) => {
          const ref = `sha256:${createHash('sha256').update(text).digest('hex')}`;
          this.logs.set(ref, text);
          return ref;
        },
      },
    };
    this.activities = createCheckActivities(this.deps);
  }

  static async open(home: SandboxHome, overrides: ConfigOverrides = { setupNetwork: true }): Promise<CheckWorld> {
    return new CheckWorld(home, await home.tree(), overrides);
  }

  /** Adds a commit and answers its name. */
  commit(files: Files): string {
    const name = createHash('sha1').update(JSON.stringify(files)).digest('hex');
    this.trees.commits.set(name, files);
    return name;
  }
}
