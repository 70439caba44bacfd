import type { SearchAttributeKey, SearchAttributeType } from '@temporalio/common/lib/search-attributes.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { loadConfig } from '../../infra/config.js';
import { locateTemporal } from '../../infra/embedded/temporal-cli.js';
import { devServerFlags } from '../../infra/embedded/temporal-server.js';

export interface TestTemporalOptions {
  /** The typed keys that the suite's workflows upsert; `Object.values(SEARCH_ATTRIBUTE)` as a rule. */
  readonly searchAttributes?: readonly SearchAttributeKey<SearchAttributeType>[];
}

/**
 * A real server of the suite's own, in memory, found and tuned as the embedded stack does it. Call `teardown()` in
 * `afterAll`: a test process that ends without it leaves the server.
 */
export const createTestTemporal = async ({
  searchAttributes = [],
}: TestTemporalOptions = {}): Promise<TestWorkflowEnvironment> => {
  quietRuntime();
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTestCli() },
      searchAttributes: [...searchAttributes],
      // Each continuation would otherwise cost a second.
      extraArgs: [...devServerFlags(), '--dynamic-config-value', 'history.continueAsNewMinInterval="10ms"'],
    },
  });
};

/** The Temporal CLI as `millwright up` finds it; fetched once when the machine has none. */
export const findTestCli = async (): Promise<string> => {
  const { temporalCli, searchPath, cacheDirectory } = loadConfig();
  const location = await locateTemporal({
    address: undefined,
    given: temporalCli,
    searchPath,
    cacheDirectory,
    say: (message) => console.info(message),
  });
  if (location.kind !== 'cli') throw new Error('unreachable: no address was given');
  return location.path;
};

/** One runtime per process: our tests stop workers themselves, so the SDK must not trap signals. */
export const quietRuntime = (): void => {
  try {
    Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'IllegalStateError') throw error;
  }
};
