import { githubAppSite } from './github-site.js';
import { landingContract } from './landing.js';
import { openingContract } from './opening.js';
import { readingContract } from './reading.js';
import { showingContract } from './showing.js';
import { useWorld } from './world.js';

const world = useWorld(githubAppSite);
openingContract(world);
readingContract(world);
landingContract(world);
showingContract(world);
