import type { FullHost, HostClaimActivities } from '../contract/activities/git.js';
import { failureType } from './failure-type.js';

export type ClaimHost = (projectId: string) => Promise<string>;

/**
 * Claims a host and answers its queue. While the disks of those that answer are nearly full it waits, for as long as that
 * takes: what waits has done nothing wrong, and goes on by itself.
 * @param say what it waits for; undefined once it goes on
 * @throws what the first ask throws: no host answers at all
 */
export const hostClaims =
  (hosts: HostClaimActivities, say: (full: FullHost | undefined) => void): ClaimHost =>
  async (projectId) => {
    let claim = await hosts.claimHost({ projectId });
    if (!('kind' in claim)) return claim.hostQueue;
    try {
      while ('kind' in claim) {
        say(claim);
        claim = (await patiently(hosts, projectId)) ?? (await hosts.claimHost({ projectId }));
      }
      return claim.hostQueue;
    } finally {
      say(undefined);
    }
  };

/** One activity for all the looks of an hour. Undefined: its time was over. */
async function patiently(hosts: HostClaimActivities, projectId: string) {
  try {
    return await hosts.claimHost({ projectId, isPatient: true });
  } catch (error) {
    failureType(error); // throws a cancellation, and what is a bug
    return undefined;
  }
}
