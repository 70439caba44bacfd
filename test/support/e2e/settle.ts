import type { ApiClient } from '../../../cli/api-client.js';
import { WORDS } from '../../../cli/invariants.js';
import type { Config } from '../../../infra/config.js';
import { checkInvariants, type InvariantReport } from '../../../infra/invariants/check.js';
import type { Finding } from '../../../infra/invariants/finding.js';
import { openHome } from '../../../infra/invariants/open-home.js';
import type { Truths } from '../../../infra/invariants/truths.js';
import { until } from '../until.js';

/** Every part answers a real round trip again. */
export const untilReady = (api: ApiClient): Promise<void> =>
  until(
    () =>
      api.get('/health/ready').then(
        () => true,
        () => false,
      ),
    { everyMs: 200 },
  );

export interface Tolerance {
  /** What a test has done on purpose, and nothing can mend. */
  readonly isKnown?: (finding: Finding) => boolean;
}

/**
 * Compares all truths until nothing is left to put in order, and answers the last comparison: with findings, when some
 * stay.
 */
export async function settle(
  config: Config,
  { isKnown = () => false, ...known }: Pick<Truths, 'bill' | 'acknowledged'> & Tolerance,
  atMostMs = 90_000,
): Promise<InvariantReport> {
  let report: InvariantReport | undefined;
  const compare = async (): Promise<boolean> => {
    const home = await openHome(config, WORDS, { ...known, graceMs: 0 }).catch(() => undefined); // not up yet
    const found = home && (await checkInvariants(home.truths).finally(() => home.close()));
    report = found && { ...found, findings: found.findings.filter((finding) => !isKnown(finding)) };
    return report?.findings.length === 0;
  };
  await until(compare, { everyMs: 500, atMostMs }).catch(() => {}); // what stays is in the report
  if (!report) throw new Error('The instance does not answer.');
  return report;
}
