import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../infra/atomic-file.js';
import type { CheckRun } from '../../workflows/contract/activities/checks.js';
import type { CheckResults, RunClaim } from './ports.js';

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
    await writeAtomically(place, JSON.stringify(run));
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
