import { githubTokenSite } from './github-site.js';
import { landingContract } from './landing.js';
import { showingContract } from './showing.js';
import { useWorld } from './world.js';

// What a person's token does otherwise than an App: whose word is whose, and statuses in the place of check runs.
const world = useWorld(githubTokenSite);
landingContract(world);
showingContract(world);
