// The main job, end to end, on embedded defaults: `npm run demo`; under fire with `-- --kill [--seed N]`;
// at GitHub with `-- --forge github`, on its worst day with `--rough [--seed N]`; all of it together, too.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, connectApi, type Resource } from '../../cli/api-client.js';
import { FOREGROUND } from '../../cli/stack.js';
import { createProgress } from '../../cli/watch/progress.js';
import { loadConfig } from '../../infra/config.js';
import { startStackDetached, stopStack } from '../../infra/embedded/lifecycle.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import { untilReady } from '../support/e2e/settle.js';
import { readCommandLine } from '../support/options.js';
import { processesOf } from '../support/processes.js';
import { until } from '../support/until.js';
import { BUDGET_USD, fileEpic, seeThrough } from './epic.js';
import { type DemoGitHub, startDemoGitHub } from './github.js';
import { type ModelProcess, startScriptedModel } from './model.js';
import { printReport } from './report.js';
import { createSampleRepository, pullAndDraw } from './sample-repository.js';
import { openFire } from './under-fire.js';
import { printVerdict } from './verdict.js';

const { values: options } = readCommandLine(
  'npm run demo -- [--forge local|github] [--kill] [--rough] [--model scripted|anthropic] [--seed <n>] [--keep]',
  {
    options: {
      model: { type: 'string', default: 'scripted' },
      forge: { type: 'string', default: 'local' },
      rough: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      kill: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(Date.now() % 100_000) },
    },
  },
);
/** What went wrong under fire is looked for in the logs. */
let keepsHome = false;
const seed = Number(options.seed);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** A home that the sandbox's user can reach. */
const home = mkdtempSync(join(tmpdir(), 'millwright-demo-'));
chmodSync(home, 0o711);
const RECORD = join(home, 'model-record.jsonl');
process.env.MILLWRIGHT_HOME = join(home, 'home');
process.env.MILLWRIGHT_TUNING = 'brisk';

/** Rejects with the first signal; later ones are heard and ignored, because cleaning up must come to its end. */
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => reject(new Interrupted('Interrupted; stopping what was started …')));
  }
});
interrupted.catch(() => {}); // whoever waits hears of it

class Interrupted extends Error {}

async function main(): Promise<void> {
  if (!Number.isSafeInteger(seed)) throw new Error('--seed is a whole number.');
  const model = await chooseModel();
  const source = createSampleRepository(home);
  const github = await chooseForge(source);
  const { layout } = loadConfig();
  try {
    await Promise.race([interrupted, runDemo(model !== undefined, source, github)]);
  } finally {
    await stopStack(layout);
    model?.stop();
    await github?.stop();
    if (!keepsHome) rmSync(home, { recursive: true, force: true });
  }
  await until(async () => (await processesOf(layout.home)).length === 0, { atMostMs: 20_000 }).catch(async () => {
    throw new Error(`Processes outlive their instance: ${(await processesOf(layout.home)).join(', ')}`);
  });
}

async function runDemo(isScripted: boolean, source: string, github: DemoGitHub | undefined): Promise<void> {
  const { layout } = loadConfig();
  say(`Starting Millwright in ${layout.home}`);
  await startStackDetached({ layout, argv: FOREGROUND, say: (text) => say(`  ${text}`) });
  const api = await connectApi();
  github?.sendEventsTo(api, options.rough ? seed : undefined);
  const project = await addProject(api, github?.source ?? source);
  const { id, title } = await (github ?? { fileEpic }).fileEpic(api, String(project.id));
  say(`Filed the epic “${title}”\n`);
  const fire = options.kill ? openFire(layout, seed) : undefined;
  if (fire) say(`From now on something is killed every few seconds (--seed ${seed})\n`);
  const epic = await seeThrough(
    api,
    String(id),
    fire?.progress ?? createProgress(process.stdout),
    github && (async () => github.askToLand()),
  );
  const kills = await fire?.stop();
  await untilReady(api);
  const { pullCommand } = await api.get<{ readonly pullCommand: string }>(`/projects/${project.id}`);
  const graph = await pullAndDraw(source, pullCommand);
  const temporalUi = readStackFacts(layout)?.temporalUiUrl ?? '';
  const facts = { graph, temporalUi, recordFile: isScripted ? RECORD : undefined, isShort: options.kill };
  await printReport(api, String(id), facts, say);
  if (github) {
    await github.issueClosed();
    say(github.report());
  }
  const isAllRight =
    kills === undefined ||
    (await printVerdict(
      { epicId: String(id), source, record: RECORD, kills, more: (await github?.counts()) ?? [] },
      say,
    ));
  keepsHome = !isAllRight;
  if (!isAllRight) throw new Error(`Not all is as it must be; see ${layout.logs}. Again with --seed ${seed}`);
  // What was followed through kills may have ended before its last word was heard.
  const ended = epic.state === 'COMPLETED' ? epic : await api.get(`/epics/${id}`);
  if (ended.state !== 'COMPLETED') throw new Error(`The epic ended ${ended.state}: it waits for ${ended.waitingFor}.`);
  const after = kills ? ` after ${kills.length} SIGKILLs` : '';
  say(`\nThe epic is complete${after}: every task landed green on the epic branch, and the epic on main.`);
  if (options.keep) await keepRunning(source);
}

/** The scripted server needs no key; the vendor's is told with the most that it may cost. */
async function chooseModel(): Promise<ModelProcess | undefined> {
  if (options.model === 'anthropic') {
    if (options.kill) throw new Error('--kill compares with the bill of the scripted model: it goes without --model.');
    if (!process.env.ANTHROPIC_API_KEY) throw new Error('Set ANTHROPIC_API_KEY to run the demo against the vendor.');
    say(`This run buys from Anthropic with your key: at most $${BUDGET_USD}.00, then it stops and asks.`);
    return undefined;
  }
  if (options.model !== 'scripted') throw new Error('--model is `scripted` or `anthropic`.');
  const model = await startScriptedModel(join(import.meta.dirname, 'scenario.yml'), RECORD);
  process.env.ANTHROPIC_BASE_URL = model.url;
  process.env.ANTHROPIC_API_KEY = 'scripted-model-needs-no-key';
  return model;
}

/** A person of the demo has no account anywhere: GitHub is played by a server that keeps state. */
async function chooseForge(sample: string): Promise<DemoGitHub | undefined> {
  if (options.rough && options.forge !== 'github') throw new Error('--rough is for --forge github.');
  if (options.forge === 'local') return undefined;
  if (options.forge !== 'github') throw new Error('--forge is `local` or `github`.');
  return startDemoGitHub(home, sample);
}

async function addProject(api: ApiClient, source: string): Promise<Resource> {
  say(`\nImporting ${source} and running its checks on the tip`);
  // Independent tasks of one epic may touch the same files: the queue asks for a rebase then, which is worth seeing.
  const overrides = { epics: { overlap: 'allow' } };
  const { id } = await api.post('/projects', { source, name: 'invoice', overrides });
  for (;;) {
    const project = await api.get(`/projects/${id}`);
    if (project.state === 'ready') return project;
    if (project.state !== 'importing') throw new Error(`The project is ${project.state}: ${project.reason}`);
    await sleep(100);
  }
}

async function keepRunning(source: string): Promise<void> {
  say(
    `\nEverything keeps running until you press Ctrl-C. The result is pulled into ${source}; use another terminal with:`,
  );
  say(`  export MILLWRIGHT_HOME=${process.env.MILLWRIGHT_HOME}`);
  await interrupted.catch(() => undefined);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : error}\n`);
  process.exitCode = error instanceof Interrupted ? 130 : 1;
}
// Whoever follows the epic of a demo that was interrupted would go on.
process.exit();
