import { landingContract } from './landing.js';
import { localSite } from './local-site.js';
import { openingContract } from './opening.js';
import { readingContract } from './reading.js';
import { useWorld } from './world.js';

const world = useWorld(localSite);
openingContract(world);
readingContract(world);
landingContract(world);
