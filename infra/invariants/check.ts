import { errorReason } from '../errors.js';
import { acknowledged } from './acknowledged.js';
import { type Counts, count } from './counts.js';
import { eventLog } from './event-log.js';
import type { Finding, InvariantId, Violation } from './finding.js';
import { forward } from './forward.js';
import { landedOnce } from './landed-once.js';
import { leftovers } from './leftovers.js';
import { money } from './money.js';
import { projection } from './projection.js';
import { secrets } from './secrets.js';
import type { Truths } from './truths.js';
import { waiting } from './waiting.js';

const CHECKS: Readonly<Record<InvariantId, (truths: Truths) => Promise<readonly Violation[]>>> = {
  I1: waiting,
  I2: landedOnce,
  I3: forward,
  I4: acknowledged,
  I6: eventLog,
  I7: money,
  I8: leftovers,
  I9: secrets,
  I11: projection,
};

export interface InvariantReport {
  readonly findings: readonly Finding[];
  readonly counts: Counts;
}

/** Compares everything that is known of an instance. It changes nothing. */
export async function checkInvariants(truths: Truths): Promise<InvariantReport> {
  const findings: Finding[] = [];
  for (const [id, look] of Object.entries(CHECKS) as [InvariantId, (typeof CHECKS)[InvariantId]][]) {
    try {
      findings.push(...(await look(truths)).map((violation) => ({ id, verdict: 'violated' as const, ...violation })));
    } catch (error) {
      // One that cannot be looked at must not hide the others.
      findings.push({ id, verdict: 'unknown', subject: id, detail: errorReason(error), remedy: 'Run it again.' });
    }
  }
  if (!truths.engine)
    findings.push({
      id: 'I11',
      verdict: 'unknown',
      subject: 'engine',
      detail: 'Temporal was not asked',
      remedy: 'Start Millwright with `millwright up`.',
    });
  return { findings, counts: await count(truths) };
}
