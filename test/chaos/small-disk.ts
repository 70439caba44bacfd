import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaseRun } from './case.js';

/** A disk of a given size at a directory of an instance that does not run yet. */
export class SmallDisk {
  private mounted = '';

  constructor(
    run: CaseRun,
    private readonly size: string,
  ) {
    run.atEnd(() => this.unmount()); // for an instance that never came up
  }

  get directory(): string {
    return this.mounted;
  }

  mount(directory: string): void {
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${this.size},mode=0711`, 'tmpfs', directory]);
    this.mounted = directory;
  }

  grow(size: string): void {
    execFileSync('mount', ['-o', `remount,size=${size}`, this.mounted]);
  }

  /** Before the directory is removed. Repeatable. */
  unmount(): void {
    if (this.mounted !== '') execFileSync('umount', ['--lazy', this.mounted]);
    this.mounted = '';
  }
}

export function whyNoMount(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'millwright-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'ignore' });
    execFileSync('umount', [directory]);
    return undefined;
  } catch {
    return 'a file system of a given size cannot be mounted here';
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
