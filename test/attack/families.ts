import { FILES } from './files/files.family.js';
import { GIT } from './git/git.family.js';
import { KEYS } from './keys/keys.family.js';
import { PROMPTS } from './prompts/prompts.family.js';
import { SANDBOX } from './sandbox/sandbox.family.js';
import { SECRETS } from './secrets/secrets.family.js';
import { TREES } from './trees/trees.family.js';
import type { Family } from './vector.js';
import { WEBHOOKS } from './webhooks/webhooks.family.js';

export const FAMILIES: readonly Family[] = [GIT, TREES, SANDBOX, FILES, KEYS, PROMPTS, SECRETS, WEBHOOKS];
