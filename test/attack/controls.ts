import type { Control } from './control.js';
import { FILE_CONTROLS } from './files/files.controls.js';
import { GIT_CONTROLS } from './git/git.controls.js';
import { KEY_CONTROLS } from './keys/keys.controls.js';
import { PROMPT_CONTROLS } from './prompts/prompts.controls.js';
import { SANDBOX_CONTROLS } from './sandbox/sandbox.controls.js';
import { SECRET_CONTROLS } from './secrets/secrets.controls.js';
import { TREE_CONTROLS } from './trees/trees.controls.js';
import { WEBHOOK_CONTROLS } from './webhooks/webhooks.controls.js';

export const CONTROLS: readonly Control[] = [
  ...GIT_CONTROLS,
  ...TREE_CONTROLS,
  ...SANDBOX_CONTROLS,
  ...FILE_CONTROLS,
  ...KEY_CONTROLS,
  ...PROMPT_CONTROLS,
  ...SECRET_CONTROLS,
  ...WEBHOOK_CONTROLS,
];
