import type { ModelPrice } from '../../domain/pricing.js';
import type { HostConfig } from '../../infra/config/host-file.js';

const perMillion = (microUsdPerToken: number): number => Math.round(microUsdPerToken * 1_000_000);

/** The prices that `host.yml` names. It has one price for cache writes, that of five minutes; an hour costs 2 / 1.25 of it. */
export const pricesOfHost = (prices: HostConfig['prices']): Readonly<Record<string, ModelPrice>> =>
  Object.fromEntries(
    Object.entries(prices).map(([model, price]) => [
      model,
      {
        input: perMillion(price.inputMicroUsdPerToken),
        output: perMillion(price.outputMicroUsdPerToken),
        cacheWrite5m: perMillion(price.cacheWriteMicroUsdPerToken),
        cacheWrite1h: perMillion(price.cacheWriteMicroUsdPerToken * 1.6),
        cacheRead: perMillion(price.cacheReadMicroUsdPerToken),
      },
    ]),
  );
