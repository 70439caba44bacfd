import type { ModelPrice } from '../../domain/pricing.js';
import type { HostConfig } from '../../infra/config/host-file.js';

/** The ledger counts per million tokens, so that it adds integers. */
const MILLION = 1_000_000;
const perMillion = (microUsdPerToken: number): number => Math.round(microUsdPerToken * MILLION);

/** The host file's prices in the ledger's words. A prefix kept for an hour costs twice the input, as the vendor has it. */
export const ledgerPrices = (prices: HostConfig['prices']): Readonly<Record<string, ModelPrice>> =>
  Object.fromEntries(
    Object.entries(prices).map(([model, price]) => [
      model,
      {
        input: perMillion(price.inputMicroUsdPerToken),
        output: perMillion(price.outputMicroUsdPerToken),
        cacheWrite5m: perMillion(price.cacheWriteMicroUsdPerToken),
        cacheWrite1h: perMillion(price.inputMicroUsdPerToken * 2),
        cacheRead: perMillion(price.cacheReadMicroUsdPerToken),
      },
    ]),
  );
