import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileTools } from '../../../activities/agents/tools/file-tools.js';
import type { FileAnswer, FileRequest } from '../../../activities/agents/tools/program/answer.js';
import { giveAway, SandboxHome } from '../../support/sandbox/home.js';

export const SECRET = 'the secret of the host';

/** Where a call may run: in a sandbox of its own, in that of its run, or (an admin's word) in none. */
export const PLACES = ['alone', 'session', 'none'] as const;
export type Place = (typeof PLACES)[number];

/** File tools, and something outside of every tree that they must never touch. */
export class FilesWorld {
  private serial = 0;

  private constructor(
    readonly home: SandboxHome,
    readonly tools: FileTools,
    /** May be read and written by everybody: only the tools stand before it. */
    readonly outside: string,
  ) {}

  static async open(): Promise<FilesWorld> {
    const home = await SandboxHome.open();
    const outside = join(home.directory, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'secret'), SECRET);
    await giveAway(outside);
    await chmod(outside, 0o777);
    return new FilesWorld(home, await FileTools.open(home.sandbox, join(home.directory, 'tools')), outside);
  }

  /** Calls one tool on a tree. */
  call(tree: string, request: FileRequest, place: Place, isReadOnly = false): Promise<FileAnswer> {
    return this.tools.run(request, {
      path: tree,
      isReadOnly,
      isolation: place === 'none' ? 'none' : 'bubblewrap',
      ignoredPaths: [],
      ...(place === 'session' ? { session: `run/${tree}` } : {}),
    });
  }

  /** Undefined while the file outside is what it was. */
  async harm(): Promise<string | undefined> {
    const now = await readFile(join(this.outside, 'secret'), 'utf8').catch(() => 'gone');
    if (now === SECRET) return undefined;
    await writeFile(join(this.outside, 'secret'), SECRET);
    return `a file outside is now ${now.slice(0, 40)}`;
  }

  newName(): string {
    return `name-${this.serial++}`;
  }

  close(): Promise<void> {
    return this.home.remove();
  }
}
