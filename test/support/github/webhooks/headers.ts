import { signatureOf } from './signature.js';

export interface Envelope {
  readonly guid: string;
  readonly event: string;
  readonly payload: string;
  readonly secret: string;
  readonly target: 'integration' | 'repository';
  /** Number of the App, or of the repository. */
  readonly targetId: number;
}

export const headersOf = (envelope: Envelope): Readonly<Record<string, string>> => ({
  accept: '*/*',
  'content-type': 'application/json',
  'user-agent': 'GitHub-Hookshot/5a1b2c3',
  'x-github-delivery': envelope.guid,
  'x-github-event': envelope.event,
  'x-github-hook-id': String(500_000 + envelope.targetId),
  'x-github-hook-installation-target-id': String(envelope.targetId),
  'x-github-hook-installation-target-type': envelope.target,
  'x-hub-signature-256': signatureOf(envelope.secret, envelope.payload),
});
