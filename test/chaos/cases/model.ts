import type { Resource } from '../../../cli/api-client.js';
import type { Incident, IncidentKind, Rule } from '../../support/model-server/scenario.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { scenarioOf, WORKER } from '../scenario.js';
import { ChaosWorld } from '../world.js';

const steps = WORKER.steps ?? [];

/** The worker's steps, each after these incidents of every conversation. */
const after = (...incidents: readonly (readonly IncidentKind[])[]): Rule => ({
  ...WORKER,
  steps: steps.map((step, index) => ({
    ...step,
    incidents: (incidents[index] ?? []).map((kind): Incident => ({ kind, per: 'request', retryAfterSeconds: 1 })),
  })),
});

const worksWith =
  (what: string, rule: Rule) =>
  async (run: CaseRun): Promise<void> => {
    const world = await ChaosWorld.open(run, { scenario: scenarioOf(rule) });
    await world.addProject();
    run.note(what);
    await world.fileEpic('a', 2);
    await world.verdict();
    if (rule.steps?.some(({ incidents = [] }) => incidents.length > 0) && !hasStruck(world))
      throw new Error('No incident ever struck.');
  };

const hasStruck = ({ model }: ChaosWorld): boolean => model.record.lines.some(({ kind }) => kind === 'incident');

const REFUSALS = after(
  ['overloaded', 'rate_limit', 'server_error'],
  ['bad_gateway_html', 'reset', 'overloaded'],
  ['rate_limit', 'server_error', 'overloaded'],
);

const BROKEN_STREAMS = after(
  ['malformed_line', 'clean_close'],
  ['error_event', 'reset_mid_stream'],
  ['no_stop_reason', 'mid_line_close'],
);

/** Longer than the attempts of one call last, for the tasks of one epic. */
const STORM: Rule = {
  ...WORKER,
  name: 'worker in a storm',
  when: { ...WORKER.when, task: '/^a-/' },
  steps: steps.map((step, index) => (index === 0 ? { ...step, incidents: [{ kind: 'overloaded', times: 25 }] } : step)),
};

/** A task that no attempt could help says so, the others go on, and a word of a person is enough to go on with it. */
async function storm(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run, { scenario: scenarioOf(STORM, WORKER) });
  await world.addProject();
  const stormy = await world.fileEpic('a', 2);
  const calm = await world.fileEpic('b', 2);
  run.note('25 refusals in a row for one epic, and another one beside it');
  await world.instance.untilEpic(calm, ({ state }) => state === 'COMPLETED');
  const tasks = (): Promise<readonly Resource[]> => world.api.list(`/epics/${stormy}/tasks`);
  await until(async () => (await tasks()).every(({ state }) => state === 'BLOCKED'), { everyMs: 200 });
  for (const { id, title, waitingFor, blockedReason } of await tasks()) {
    if (!String(blockedReason).includes('Overloaded') || !waitingFor)
      throw new Error(`${title} does not say why it stands: ${blockedReason}; it waits for ${waitingFor}.`);
    await world.api.post(`/tasks/${id}/resume`, { reason: 'The provider is back.' });
  }
  await world.instance.untilEpic(stormy, ({ waitingFor }) => !String(waitingFor).startsWith('somebody'));
  await world.verdict();
}

/** What a model says when it is at its worst; each is answered, and the work goes on. */
const ODD: Rule = {
  ...WORKER,
  steps: [
    { text: 'I think about it first.' },
    { calls: [{ tool: 'fly_to_the_moon', input: { when: 'now' } }] },
    { calls: [{ tool: 'write_file', input: { path: 5, content: ['no', 'text'] } }] },
    { calls: [{ tool: 'read_file', input: {} }] },
    { calls: [{ tool: 'read_file', input: { path: '../../../../../../etc/passwd' } }] },
    { calls: [{ tool: 'write_file', input: { path: '/etc/cron.d/odd', content: 'x' } }] },
    { calls: Array.from({ length: 40 }, (_, n) => ({ tool: 'search', input: { pattern: `word ${n}`, path: '.' } })) },
    { text: 'long '.repeat(60_000), stopReason: 'max_tokens' },
    ...steps,
  ],
};

export const modelCases: readonly ChaosCase[] = [
  {
    name: '32-provider-refuses',
    does: 'the provider answers 429, 500, 502 in HTML, 529 and resets before the first, a middle and the last turn',
    catches: 'a refusal that ends a run, or that is booked as if it had been paid',
    run: worksWith('refusals before every turn', REFUSALS),
  },
  {
    name: '32-broken-streams',
    does: 'streams that end in the middle, hold a broken line or an error, or never say how they stopped',
    catches: 'a cut reply that is taken for a whole one; a paid reply that is in no book',
    run: worksWith('broken streams before every turn', BROKEN_STREAMS),
  },
  {
    name: '32-storm',
    does: 'the provider is overloaded for the tasks of one epic, for longer than all attempts of one call',
    catches: 'a task that is lost with its provider, or that takes the work of others along',
    run: storm,
  },
  {
    name: '33-odd-replies',
    does: 'a model that says nothing, calls tools that are none, with wrong types, out of the tree, 40 at once, or too long',
    catches: 'a reply that crashes a run, escapes its tree, or is answered with anything but a typed error',
    run: worksWith('a model at its worst', ODD),
  },
];
