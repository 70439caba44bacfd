import { family } from '../vector.js';
import { PROMPT_VECTORS } from './prompts.vectors.js';

export const PROMPTS = family(
  { name: 'prompts', about: 'texts of outsiders in prompts, and on terminals: data, visible, and in their place' },
  PROMPT_VECTORS,
  async () => ({ close: () => undefined }),
);
