import { createRequire } from 'node:module';

export interface WebhookExample {
  readonly event: string;
  /** Its place among the examples of the event. */
  readonly at: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

interface Published {
  readonly name: string;
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

// The package is JSON, whose types would need another package.
const published = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Published[];

/** Every example of a delivery that GitHub publishes. */
export const WEBHOOK_EXAMPLES: readonly WebhookExample[] = published.flatMap(({ name, examples }) =>
  examples.map((payload, at) => ({ event: name, at, payload })),
);

/** The first example of an event. */
export const exampleOf = (event: string): WebhookExample['payload'] => {
  const found = WEBHOOK_EXAMPLES.find((example) => example.event === event);
  if (found === undefined) throw new Error(`GitHub publishes no example of ${event}.`);
  return found.payload;
};
