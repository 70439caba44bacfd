import { statfs } from 'node:fs/promises';
import { Failure } from '../../domain/failures.js';
import type { HostClaimActivities } from '../../workflows/contract/activities/git.js';

export interface HostClaimDeps {
  readonly hostId: string;
  readonly hostQueue: string;
  /** A directory on the disk that holds the trees. */
  readonly directory: string;
  /** Default 1 GiB: below it this host takes no more work, and another may. */
  readonly minFreeBytes?: number;
}

/** On the shared queue: whichever process runs it names itself. */
export const createHostClaimActivities = (deps: HostClaimDeps): HostClaimActivities => ({
  /** @throws Unavailable `DISK_FULL` */
  claimHost: async () => {
    const { bavail, bsize } = await statfs(deps.directory);
    const freeBytes = bavail * bsize;
    if (freeBytes < (deps.minFreeBytes ?? 2 ** 30))
      throw new Failure('Unavailable', 'the disk of this host is nearly full: it takes no new work', {
        reason: 'DISK_FULL',
        freeBytes,
      });
    return { hostQueue: deps.hostQueue, hostId: deps.hostId };
  },
});
