/** Where events go, and what becomes of them on the way. All chances are in [0, 1]. */
export interface WebhookOptions {
  readonly url: string;
  readonly secret: string;
  /** Default: all that the App asked for. */
  readonly events?: readonly string[];
  /** `repository`: the webhook of repositories, as a person without an App has. Default: the App's own. */
  readonly target?: 'integration' | 'repository';
  /** Default true. */
  readonly isActive?: boolean;
  /** Sent a second time, with the same `X-GitHub-Delivery`. */
  readonly duplicate?: number;
  /** Held back, so that later ones overtake it. */
  readonly reorder?: number;
  /** Every event comes so much later. */
  readonly delayMs?: number;
  /** Never arrives, and is listed as failed. */
  readonly drop?: number;
  /** Never arrives, and is listed nowhere. */
  readonly lose?: number;
  readonly wrongSignature?: number;
  /** Default 1. */
  readonly seed?: number;
}
