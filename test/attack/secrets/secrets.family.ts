import { family } from '../vector.js';
import { BROKER } from './broker.vectors.js';
import { FRONT } from './front.vectors.js';
import { sweep } from './sweep.vectors.js';
import { SecretsWorld } from './world.js';

export const SECRETS = family(
  {
    name: 'secrets',
    about: 'the model key, API keys and passwords: out of the broker, and wherever a real run could leave them',
  },
  [...BROKER, ...FRONT, sweep],
  () => SecretsWorld.open(),
);
