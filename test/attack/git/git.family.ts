import { family } from '../vector.js';
import { HOST_GIT } from './git.vectors.js';
import { OPERANDS } from './operands.vectors.js';
import { SOURCES } from './sources.vectors.js';

export const GIT = family(
  { name: 'git', about: 'host git over metadata, attributes, operands, remotes and environments of an attacker' },
  [...HOST_GIT, ...OPERANDS, ...SOURCES],
  async () => ({ close: () => undefined }),
);
