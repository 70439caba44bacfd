/** Micro-USD per million tokens: 3 USD per million is 3_000_000. */
export interface TokenPrices {
  readonly input: number;
  readonly output: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly cacheRead: number;
}

export interface ModelPrice extends TokenPrices {
  /** Other prices for calls whose whole prompt, cached part included, is longer than `aboveTokens`. */
  readonly long?: TokenPrices & { readonly aboveTokens: number };
}

export interface CallUsage {
  /** Neither read from nor written to the cache. */
  readonly inputTokens: number;
  readonly cacheWrite5mTokens: number;
  readonly cacheWrite1hTokens: number;
  readonly cacheReadTokens: number;
  readonly outputTokens: number;
}

export const NO_USAGE: CallUsage = {
  inputTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  cacheReadTokens: 0,
  outputTokens: 0,
};

/** Writes cost 1.25 and 2 times the input, whatever the model. */
const prices = (inputUsd: number, outputUsd: number, cacheReadUsd: number): TokenPrices => ({
  input: Math.round(inputUsd * 1_000_000),
  output: Math.round(outputUsd * 1_000_000),
  cacheWrite5m: Math.round(inputUsd * 1_250_000),
  cacheWrite1h: Math.round(inputUsd * 2_000_000),
  cacheRead: Math.round(cacheReadUsd * 1_000_000),
});

const opus5: ModelPrice = prices(5, 25, 0.5);
const sonnet4: ModelPrice = prices(3, 15, 0.3);

/** @see https://platform.claude.com/docs/en/about-claude/pricing read in November 2026; `host.yml` overrides. */
export const PRICES: Readonly<Record<string, ModelPrice>> = {
  'claude-opus-5-5': prices(4, 20, 0.2),
  'claude-opus-5': opus5,
  'claude-opus-4-8': opus5,
  'claude-opus-4-7': opus5,
  'claude-opus-4-6': opus5,
  'claude-opus-4-5': opus5,
  'claude-sonnet-5-5': prices(2, 10, 0.1),
  'claude-sonnet-5': prices(2, 10, 0.2),
  'claude-sonnet-4-6': sonnet4,
  'claude-sonnet-4-5': sonnet4,
  'claude-haiku-5-5': { ...prices(0.1, 0.5, 0.01), long: { aboveTokens: 100_000, ...prices(0.5, 2.5, 0.05) } },
  'claude-haiku-4-5': prices(1, 5, 0.1),
  'claude-fable-5-1': prices(10, 50, 0.25),
  'claude-fable-5': prices(10, 50, 1),
};

/** What an unknown model is booked at: the dearest we know, so that a limit never lets through more than it says. */
export const UNKNOWN_MODEL_PRICE: ModelPrice = prices(10, 50, 1);

/** Price of a model; a dated name (`…-20251001`) falls back to the undated one. */
export function priceOf(model: string, overrides: Readonly<Record<string, ModelPrice>> = {}): ModelPrice {
  const undated = model.replace(/-\d{8}$/, '');
  for (const table of [overrides, PRICES]) {
    for (const name of [model, undated]) {
      if (Object.hasOwn(table, name)) return table[name] ?? UNKNOWN_MODEL_PRICE;
    }
  }
  return UNKNOWN_MODEL_PRICE;
}

export const promptTokens = (usage: CallUsage): number =>
  usage.inputTokens + usage.cacheWrite5mTokens + usage.cacheWrite1hTokens + usage.cacheReadTokens;

/** Cost of one call in micro-USD, rounded up: the ledger never shows less than the bill. */
export function costMicroUsd(usage: CallUsage, price: ModelPrice): number {
  const rate = price.long && promptTokens(usage) > price.long.aboveTokens ? price.long : price;
  const sum =
    usage.inputTokens * rate.input +
    usage.cacheWrite5mTokens * rate.cacheWrite5m +
    usage.cacheWrite1hTokens * rate.cacheWrite1h +
    usage.cacheReadTokens * rate.cacheRead +
    usage.outputTokens * rate.output;
  return Math.ceil(sum / 1_000_000);
}

/**
 * The most a call can cost: every byte of the request a token that is written to the cache, and a full reply.
 * A call whose end nobody saw is booked at this.
 */
export const worstCaseUsage = (requestBytes: number, maxTokens: number): CallUsage => ({
  ...NO_USAGE,
  // No tokeniser makes more tokens than bytes; half is still far above what real text gives.
  cacheWrite5mTokens: Math.ceil(requestBytes / 2),
  outputTokens: maxTokens,
});
