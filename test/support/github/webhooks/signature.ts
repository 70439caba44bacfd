import { createHmac } from 'node:crypto';

export const signatureOf = (secret: string, payload: string): string =>
  `sha256=${createHmac('sha256', secret).update(payload).digest('hex')}`;
