import { githubSite } from './github-site.js';
import { landingContract } from './landing.js';
import { openingContract } from './opening.js';
import { readingContract } from './reading.js';
import { useWorld } from './world.js';

const world = useWorld(githubSite);
openingContract(world);
readingContract(world);
landingContract(world);
