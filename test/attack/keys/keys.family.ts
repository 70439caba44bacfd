import { family } from '../vector.js';
import { KEYS_VECTORS } from './keys.vectors.js';
import { KeysWorld } from './world.js';

export const KEYS = family(
  {
    name: 'keys',
    about: 'the API, every route of its router, by forged keys, lesser roles and keys of other projects',
  },
  KEYS_VECTORS,
  () => KeysWorld.open(),
);
