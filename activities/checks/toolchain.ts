import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Toolchain } from '../../domain/evidence.js';
import { Failure } from '../../domain/failures.js';
import type { Sandbox } from '../sandbox/command.js';
import { hostLimits } from '../sandbox/limits.js';
import { capturedText } from '../sandbox/output.js';
import { PROFILE_VERSION } from '../sandbox/profile.js';

/** Tools whose version can change a verdict, with how each tells it. */
const TOOLS: Readonly<Record<string, string>> = {
  bun: '--version',
  cargo: '--version',
  deno: '--version',
  gcc: '--version',
  go: 'version',
  gradle: '--version',
  java: '-version',
  make: '--version',
  mvn: '--version',
  node: '--version',
  npm: '--version',
  php: '--version',
  pnpm: '--version',
  python3: '--version',
  ruby: '--version',
  rustc: '--version',
  yarn: '--version',
};

const SCRIPT = `while read -r tool flag; do
  command -v "$tool" > /dev/null && printf '%s\\t%s\\n' "$tool" "$(timeout 20 "$tool" "$flag" 2>&1 < /dev/null | tr -s '\\n' ' ' | cut -c1-200)"
done; true`;

export interface ToolchainDeps {
  readonly sandbox: Sandbox;
  /** PATH inside. */
  readonly path: string;
  /** A directory without files that serves as tree. */
  readonly emptyTree: string;
}

/** Asks the tools for their versions, and asks again only when one of their files changed. */
export class ToolchainProbe {
  private readonly known = new Map<string, Promise<Toolchain>>();

  constructor(private readonly deps: ToolchainDeps) {}

  async read(isolation: 'bubblewrap' | 'none', signal?: AbortSignal): Promise<Toolchain> {
    const signature = `${isolation}\n${await this.signature()}`;
    const found = this.known.get(signature) ?? this.ask(isolation, signal);
    this.known.set(signature, found);
    // A failed question is asked again.
    return found.catch((error: unknown) => {
      this.known.delete(signature);
      throw error;
    });
  }

  private async ask(isolation: 'bubblewrap' | 'none', signal: AbortSignal | undefined): Promise<Toolchain> {
    const result = await this.deps.sandbox.run(
      {
        argv: ['/bin/sh', '-c', SCRIPT],
        tree: this.deps.emptyTree,
        isTreeReadOnly: true,
        stdin: Object.entries(TOOLS)
          .map(([tool, flag]) => `${tool} ${flag}\n`)
          .join(''),
        isolation,
        limits: { ...hostLimits(), wallMs: 120_000 },
      },
      signal,
    );
    // Half an answer would be kept as the toolchain of this host.
    if (result.end.kind !== 'exited' || result.end.code !== 0)
      throw new Failure('Unavailable', 'The question for the versions of the tools was broken off.');
    const lines = capturedText(result.stdout).split('\n').filter(Boolean);
    return {
      profileVersion: PROFILE_VERSION,
      isolation,
      osRelease: await osRelease(),
      tools: Object.fromEntries(lines.map((line) => line.split('\t').slice(0, 2))),
    };
  }

  /** Size and time of each tool's file: cheap to look at before every check. */
  private async signature(): Promise<string> {
    const places = Object.keys(TOOLS).flatMap((tool) =>
      this.deps.path.split(':').map((directory) => join(directory, tool)),
    );
    const found = await Promise.all(
      places.map((path) =>
        stat(path).then(
          ({ size, mtimeMs }) => `${path} ${size} ${mtimeMs}\n`,
          () => '', // not installed there
        ),
      ),
    );
    return found.join('');
  }
}

const osRelease = async (): Promise<string> => {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => ''); // not every system has one
  const values = ['ID', 'VERSION_ID'].map((key) => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(text)?.[1] ?? '');
  return [...values, process.arch].join(' ');
};
