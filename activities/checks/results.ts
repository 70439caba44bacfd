import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckRun } from '../../workflows/contract/activities/checks.js';
import type { CheckResults, RunClaim } from './ports.js';

const KEPT_MS = 24 * 3_600_000;

/**
 * Results as files of this host: an attempt after a crash usually comes back to it. On another host the check just
 * runs again, which is allowed: the first stored verdict counts.
 */
export class FileCheckResults implements CheckResults {
  constructor(private readonly directory: string) {}

  async find(claim: RunClaim): Promise<CheckRun | undefined> {
    const text = await readFile(this.place(claim), 'utf8').catch(() => undefined); // none was kept
    // Written by `keep` as a whole, or not at all.
    return text === undefined ? undefined : (JSON.parse(text) as CheckRun);
  }

  async keep(claim: RunClaim, run: CheckRun): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const place = this.place(claim);
    await writeFile(`${place}.${process.pid}`, JSON.stringify(run));
    await rename(`${place}.${process.pid}`, place);
  }

  /** Forgets what no attempt can ask for any more. */
  async sweep(nowMs: number): Promise<void> {
    for (const name of await readdir(this.directory).catch(() => [])) {
      const path = join(this.directory, name);
      const found = await stat(path).catch(() => undefined); // another sweep was faster
      if (found && nowMs - found.mtimeMs > KEPT_MS) await rm(path, { force: true });
    }
  }

  private place({ key, buildId, purpose, only }: RunClaim): string {
    return join(
      this.directory,
      createHash('sha256')
        .update(JSON.stringify([key, buildId, purpose, only]))
        .digest('hex'),
    );
  }
}
