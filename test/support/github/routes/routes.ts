import type { Route } from '../http/route.js';
import type { Limiter } from '../limits/limiter.js';
import { accountRoutes } from './account.js';
import { actionRoutes } from './actions.js';
import { appRoutes } from './apps.js';
import { checkRoutes } from './checks.js';
import { commentRoutes } from './comments.js';
import { hookRoutes } from './hooks.js';
import { issueRoutes } from './issues.js';
import { labelRoutes } from './labels.js';
import { limitRoutes } from './limits.js';
import { pullRoutes } from './pulls.js';
import { reactionRoutes } from './reactions.js';
import { refRoutes } from './refs.js';
import { repositoryRoutes } from './repositories.js';
import { reviewRoutes } from './reviews.js';
import { statusRoutes } from './statuses.js';

export const routesOf = (limiter: Limiter): readonly Route[] => [
  ...accountRoutes,
  ...actionRoutes,
  ...appRoutes,
  ...checkRoutes,
  ...commentRoutes,
  ...hookRoutes,
  ...issueRoutes,
  ...labelRoutes,
  ...limitRoutes(limiter),
  ...pullRoutes,
  ...reactionRoutes,
  ...refRoutes,
  ...repositoryRoutes,
  ...reviewRoutes,
  ...statusRoutes,
];
