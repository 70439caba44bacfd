import { family } from '../vector.js';
import { PATHS } from './paths.vectors.js';
import { PERMISSIONS } from './permissions.vectors.js';
import { RACES } from './races.vectors.js';
import { FilesWorld } from './world.js';

export const FILES = family(
  { name: 'files', about: 'tools of an agent: out of its tree, beyond its role, into the tree of another' },
  [...PATHS, ...RACES, ...PERMISSIONS],
  () => FilesWorld.open(),
);
