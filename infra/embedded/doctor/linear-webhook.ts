import type { LinearWebhook } from '../../forge/linear/account.js';
import { advised, type Check, passed } from './check.js';
import type { Heard, Linked } from './linear-rows.js';

const NAME = 'linear webhook';
/** Of the API, behind whatever host it is reached by. */
const PATH = '/webhooks/linear';
const WANTED = ['Issue', 'Comment'];
/** A delivery may take its time. */
const GRACE_MS = 2 * 60_000;
/** Deliveries are forgotten after thirty days. */
const MOST_AGE_MS = 14 * 24 * 3_600_000;

const ANSWERS =
  '401 is another secret or a clock that is wrong, 403 a host that MILLWRIGHT_ALLOWED_HOSTS lacks, 404 no secret';
const MAKE = `Make one in Linear (Settings > API > Webhooks) for https://<your host>${PATH}, with Issues and Comments.`;

export interface WebhookFacts {
  readonly hasSecret: boolean;
  readonly linked: readonly Linked[];
  readonly heard: Heard;
  /** Undefined where Linear shows them to others alone. */
  readonly webhooks: readonly LinearWebhook[] | undefined;
  readonly isApp: boolean;
  readonly now: Date;
}

/** Works without one, so that nothing about it is more than advice. */
export function checkLinearWebhook(facts: WebhookFacts): Check {
  const { hasSecret, heard, webhooks, isApp } = facts;
  // An application's has its address where the application is set up.
  const ours = webhooks?.filter(({ url }) => (url === null ? isApp : pathOf(url) === PATH));
  if (!hasSecret) {
    const calling = ours?.find(({ enabled }) => enabled);
    if (calling === undefined) return passed(NAME, 'none: what happens is noticed up to five minutes later');
    const set = 'Set LINEAR_WEBHOOK_SECRET to its signing secret and start again, or delete it in Linear.';
    return advised(NAME, `Linear calls ${placeOf(calling)}, and LINEAR_WEBHOOK_SECRET is not set`, set);
  }
  const wrong = ours && whatIsWrong(ours, facts);
  if (wrong !== undefined) return wrong;
  return missed(facts) ?? passed(NAME, saying(heard));
}

function whatIsWrong(ours: readonly LinearWebhook[], { linked }: WebhookFacts): Check | undefined {
  const [first] = ours;
  if (first === undefined) return advised(NAME, `Linear has none that calls ${PATH}`, MAKE);
  const on = ours.filter(({ enabled }) => enabled);
  if (on.length === 0) {
    const remedy = `Switch it on in Linear (Settings > API > Webhooks). Linear switches off what answers wrongly for long: ${ANSWERS}.`;
    return advised(NAME, `the one for ${placeOf(first)} is switched off in Linear`, remedy);
  }
  const untold = WANTED.filter((type) => !on.some(({ resourceTypes }) => resourceTypes.includes(type)));
  if (untold.length > 0)
    return advised(NAME, `Linear does not tell of ${untold.join(' and ')}`, 'Add Issues and Comments to it in Linear.');
  const unheard = linked.filter(({ id }) => id !== null && !on.some((webhook) => tellsOf(webhook, id)));
  if (unheard.length === 0) return undefined;
  const keys = unheard.map(({ key }) => key).join(', ');
  return advised(
    NAME,
    `Linear does not tell of the team ${keys}`,
    'Let it tell of that team too, or make another one.',
  );
}

/** Of several teams that it names, Linear shows none. */
const tellsOf = ({ allPublicTeams, team }: LinearWebhook, id: string): boolean =>
  allPublicTeams || team === null || team.id === id;

/** A look has found what no delivery told of. */
function missed({ heard: { lastAt, lastChangeAt }, now }: WebhookFacts): Check | undefined {
  if (lastChangeAt === null) return undefined;
  const ageMs = now.getTime() - lastChangeAt.getTime();
  if (ageMs < GRACE_MS || ageMs > MOST_AGE_MS) return undefined;
  if (lastAt !== null && lastAt.getTime() > lastChangeAt.getTime() - GRACE_MS) return undefined;
  const last = lastAt === null ? 'none has ever come' : `the last came at ${lastAt.toISOString()}`;
  const finding = `no delivery told of a change of ${lastChangeAt.toISOString()}; ${last}`;
  return advised(NAME, finding, `See in Linear (Settings > API > Webhooks) what they are answered: ${ANSWERS}.`);
}

const saying = ({ deliveries, lastAt }: Heard): string =>
  lastAt === null
    ? 'none has come yet'
    : `deliveries within a week: ${deliveries}, the last at ${lastAt.toISOString()}`;

const placeOf = ({ url }: LinearWebhook): string => url ?? "the application's address";

const pathOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).pathname : undefined);
