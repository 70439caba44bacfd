import { ENGINE_GUARDS } from './guards/engine.guards.js';
import { GIT_GUARDS } from './guards/git.guards.js';
import { GITHUB_GUARDS } from './guards/github.guards.js';
import type { Guard } from './guards/guard.js';
import { LINEAR_GUARDS } from './guards/linear.guards.js';
import { RECORD_GUARDS } from './guards/record.guards.js';
import { WEBHOOK_GUARDS } from './guards/webhook.guards.js';

/** Every guard that makes an effect come once, or brings lost work back. */
export const GUARDS: readonly Guard[] = [
  ...RECORD_GUARDS,
  ...GIT_GUARDS,
  ...GITHUB_GUARDS,
  ...LINEAR_GUARDS,
  ...ENGINE_GUARDS,
  ...WEBHOOK_GUARDS,
];
