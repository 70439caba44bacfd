import { expect, test } from '@jest/globals';
import { type BudgetAccount, describeStop, whyNotCall } from '../../domain/budget.js';
import { costMicroUsd, NO_USAGE, PRICES, priceOf, UNKNOWN_MODEL_PRICE, worstCaseUsage } from '../../domain/pricing.js';

test('each kind of token has its own price and the sum is rounded up to a whole micro-dollar', () => {
  const usage = {
    inputTokens: 1000,
    cacheWrite5mTokens: 2000,
    cacheWrite1hTokens: 100,
    cacheReadTokens: 10_001,
    outputTokens: 300,
  };
  // Sonnet 5.5: 2 / 2.5 / 4 / 0.1 / 10 USD per million.
  expect(costMicroUsd(usage, priceOf('claude-sonnet-5-5'))).toBe(2000 + 5000 + 400 + 1001 + 3000);
  expect(costMicroUsd({ ...NO_USAGE, cacheReadTokens: 1 }, priceOf('claude-sonnet-5-5'))).toBe(1);
});

test('a long prompt is charged at the long price, its cached part included', () => {
  const price = priceOf('claude-haiku-5-5');
  expect(costMicroUsd({ ...NO_USAGE, inputTokens: 100_000 }, price)).toBe(10_000);
  expect(costMicroUsd({ ...NO_USAGE, inputTokens: 1, cacheReadTokens: 100_000 }, price)).toBe(5001);
});

test('a dated model has the price of its family, an override wins, an unknown model is booked at the dearest', () => {
  expect(priceOf('claude-haiku-4-5-20251001')).toEqual(PRICES['claude-haiku-4-5']);
  expect(priceOf('claude-opus-5-5', { 'claude-opus-5-5': UNKNOWN_MODEL_PRICE })).toEqual(UNKNOWN_MODEL_PRICE);
  expect(priceOf('constructor')).toEqual(UNKNOWN_MODEL_PRICE);
});

test('the worst case of a call is never cheaper than the call', () => {
  const price = priceOf('claude-sonnet-5-5');
  const real = { ...NO_USAGE, inputTokens: 100, cacheWrite5mTokens: 900, outputTokens: 50 };
  expect(costMicroUsd(worstCaseUsage(4000, 1000), price)).toBeGreaterThan(costMicroUsd(real, price));
});

test('a reached limit stops the next call and names the scope, a missing limit never does', () => {
  const totals = { turns: 10, tokens: 500, costMicroUsd: 5_000_000 };
  const run: BudgetAccount = { scope: 'run', limits: { turns: 11 }, totals };
  const epic: BudgetAccount = { scope: 'epic', limits: { costMicroUsd: 5_000_000 }, totals };
  expect(whyNotCall([run, { scope: 'task', limits: {}, totals }])).toBeUndefined();
  const stop = whyNotCall([run, epic]);
  expect(stop && describeStop(stop)).toBe('The epic has used $5.00 of $5.00.');
  expect(whyNotCall([{ ...run, limits: { turns: 10 } }, epic])).toMatchObject({ scope: 'run', of: 'turns' });
});
