import { Counter, Gauge, Registry } from 'prom-client';
import { FORGE_PRIORITIES } from '../../domain/forge/rate.js';
import type { RateView } from '../../domain/forge/rate-view.js';
import type { Counts, WorkFigures } from './metrics.repository.js';

export type ForgeFigures = { readonly scope: string } & RateView;

export interface Figures {
  readonly work: WorkFigures;
  readonly forge: readonly ForgeFigures[];
}

export const EXPOSITION_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number];

/**
 * The figures in Prometheus's text format. Labels are states, modes, priorities, models and the installations of forges:
 * never a project, a branch or a person, of which there is no end.
 */
export async function exposition({ work, forge }: Figures): Promise<string> {
  // One for each scrape: what a process remembers would be of that process alone.
  const registry = new Registry();
  addWork(registry, work);
  addForge(registry, forge);
  return await registry.metrics();
}

function addWork(registry: Registry, work: WorkFigures): void {
  const gauge = gaugesIn(registry);
  gauge('projects', 'Projects by state.', by('state', work.projects));
  gauge('epics', 'Epics by state.', by('state', work.epics));
  gauge('tasks', 'Tasks by state.', by('state', work.tasks));
  gauge('runs_live', 'Runs that have not ended, by state.', by('state', work.runs));
  gauge('agents', 'Agents by state; FAILED ones crashed again and again.', by('state', work.agents));
  gauge('queue_lanes', 'Merge queues by mode.', by('mode', work.lanes));
  gauge('queue_entries', 'Live entries of all merge queues, by state.', by('state', work.entries));
  gauge('paused', '1 while everything is held.', one(work.isPaused ? 1 : 0));
  gauge('hosts_live', 'Hosts of workers that were heard of within a minute.', one(work.liveHosts));
  if (work.freeBytes !== null) gauge('host_free_bytes', 'Free space of the fullest host.', one(work.freeBytes));
  const backlogs = { questions: work.questions, queue: work.queue, outbox: work.outbox, webhooks: work.webhooks };
  const each = Object.entries(backlogs).map(([backlog, { waiting, oldestSeconds }]) => ({
    labels: { backlog },
    waiting,
    oldestSeconds,
  }));
  gauge(
    'backlog',
    'What waits: questions to people, entries of queues, signals not sent, deliveries not looked at.',
    each.map(({ labels, waiting }) => [labels, waiting]),
  );
  gauge(
    'backlog_oldest_seconds',
    'For how long the oldest of them has.',
    each.map(({ labels, oldestSeconds }) => [labels, oldestSeconds]),
  );
  const count = countersIn(registry);
  const spent = work.spend.filter(({ state }) => state !== 'reserved');
  count(
    'spend_usd_total',
    'What calls of models cost; lost: paid for, and the answer never arrived.',
    spent.map(({ model, state, costMicroUsd }) => [{ model, state }, costMicroUsd / 1_000_000]),
  );
  count('tokens_total', 'Tokens of calls of models.', [
    ...spent.map(({ model, state, inputTokens }) => [{ model, state, direction: 'input' }, inputTokens] as const),
    ...spent.map(({ model, state, outputTokens }) => [{ model, state, direction: 'output' }, outputTokens] as const),
  ]);
}

const WINDOWS = [
  ['points_minute', 'pointsPerMinute'],
  ['creations_minute', 'creationsPerMinute'],
  ['creations_hour', 'creationsPerHour'],
] as const;

function addForge(registry: Registry, forge: readonly ForgeFigures[]): void {
  const gauge = gaugesIn(registry);
  const windows = forge.flatMap((one) =>
    WINDOWS.map(([window, key]) => ({ labels: { scope: one.scope, window }, ...one[key] })),
  );
  const ofWindows = (figure: 'limit' | 'used' | 'left'): readonly Sample[] =>
    windows.map((window) => [window.labels, window[figure]]);
  gauge('forge_limit', 'What a forge allows in each window.', ofWindows('limit'));
  gauge('forge_used', 'What all workers together used of it.', ofWindows('used'));
  gauge('forge_left', 'What is left of it.', ofWindows('left'));
  const told = forge.flatMap(({ scope, quota }) => (quota === null ? [] : [{ scope, quota }]));
  gauge(
    'forge_quota_limit',
    'Requests an hour, as the forge said last.',
    told.map(({ scope, quota }) => [{ scope }, quota.limit]),
  );
  gauge(
    'forge_quota_remaining',
    'Requests left, as the forge said last.',
    told.map(({ scope, quota }) => [{ scope }, quota.remaining]),
  );
  gauge(
    'forge_quota_reset_timestamp_seconds',
    'When they begin anew.',
    told.map(({ scope, quota }) => [{ scope }, quota.resetMs / 1000]),
  );
  gauge(
    'forge_paused_until_timestamp_seconds',
    'Nothing is sent before this; 0 while nothing is held back.',
    forge.map(({ scope, pausedUntilMs }) => [{ scope }, (pausedUntilMs ?? 0) / 1000]),
  );
  const ofPriorities = (of: (one: ForgeFigures) => RateView['waiting']): readonly Sample[] =>
    forge.flatMap((one) =>
      FORGE_PRIORITIES.map((priority) => [{ scope: one.scope, priority }, of(one)[priority]] as const),
    );
  gauge(
    'forge_waiting',
    'Requests that were told to wait.',
    ofPriorities(({ waiting }) => waiting),
  );
  gauge(
    'forge_wait_seconds',
    'How long a request that creates something would wait now.',
    ofPriorities(({ waitMs }) => ({
      landing: waitMs.landing / 1000,
      state: waitMs.state / 1000,
      report: waitMs.report / 1000,
    })),
  );
  const count = countersIn(registry);
  count(
    'forge_requests_total',
    'Requests sent.',
    ofPriorities(({ totals }) => totals.requests),
  );
  count(
    'forge_waits_total',
    'How often a request was told to wait.',
    ofPriorities(({ totals }) => totals.waits),
  );
  count(
    'forge_creations_total',
    'Requests sent that create something.',
    forge.map(({ scope, totals }) => [{ scope }, totals.creations]),
  );
  count(
    'forge_refusals_total',
    'Answers of the forge that said it limits us.',
    forge.map(({ scope, totals }) => [{ scope }, totals.refusals]),
  );
}

const one = (value: number): readonly Sample[] => [[{}, value]];

const by = (label: string, counts: Counts): readonly Sample[] =>
  Object.entries(counts).map(([name, value]) => [{ [label]: name }, value]);

/** A figure of nothing is left out: it would read as a zero. */
type Add = (name: string, help: string, samples: readonly Sample[]) => void;

const optionsOf = (name: string, help: string, samples: readonly Sample[], registry: Registry) => ({
  name: `millwright_${name}`,
  help,
  labelNames: Object.keys(samples[0]?.[0] ?? {}),
  registers: [registry],
});

const gaugesIn =
  (registry: Registry): Add =>
  (name, help, samples) => {
    if (samples.length === 0) return;
    const gauge = new Gauge(optionsOf(name, help, samples, registry));
    for (const [labels, value] of samples) gauge.set({ ...labels }, value);
  };

const countersIn =
  (registry: Registry): Add =>
  (name, help, samples) => {
    if (samples.length === 0) return;
    const counter = new Counter(optionsOf(name, help, samples, registry));
    for (const [labels, value] of samples) counter.inc({ ...labels }, value);
  };
