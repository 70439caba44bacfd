import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaseRun } from './case.js';

const MOST_TRIES = 1000;

/** What a disk holds, as `mount` names it: `size=9m`, `nr_inodes=500`. */
export type Room = `${'size' | 'nr_inodes'}=${string}`;

/** A disk of little room at a directory of an instance that does not run yet. */
export class SmallDisk {
  private mounted = '';

  constructor(
    run: CaseRun,
    private readonly room: Room,
  ) {
    run.atEnd(() => this.unmount()); // for an instance that never came up
  }

  get directory(): string {
    return this.mounted;
  }

  mount(directory: string): void {
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `${this.room},mode=0711`, 'tmpfs', directory]);
    this.mounted = directory;
  }

  grow(room: Room): void {
    execFileSync('mount', ['-o', `remount,${room}`, this.mounted], { stdio: 'pipe' });
  }

  /** Leaves not a byte of it, without having to write what would fill it. */
  fillUp(): void {
    for (let tries = 1, isFull = false; !isFull; tries++) {
      const { blocks, bfree, bsize } = statfsSync(this.mounted);
      try {
        this.grow(`size=${Math.max(1, blocks - bfree) * bsize}`);
        isFull = true;
      } catch (error) {
        // More was written between the two: a disk cannot be smaller than what it holds.
        if (tries >= MOST_TRIES) throw error;
      }
    }
  }

  /** Before the directory is removed. Repeatable. */
  unmount(): void {
    if (this.mounted !== '') execFileSync('umount', ['--lazy', this.mounted]);
    this.mounted = '';
  }
}

/** Leaves not a byte of its disk. */
export function fillUpWith(file: string): void {
  const descriptor = openSync(file, 'w');
  const block = Buffer.alloc(64 * 1024);
  try {
    for (;;) writeSync(descriptor, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(descriptor);
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
