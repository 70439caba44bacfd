// The main job, end to end, on embedded defaults: `npm run demo`.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type ApiClient, connectApi, type Resource } from '../../cli/api-client.js';
import { FOREGROUND } from '../../cli/stack.js';
import { createProgress } from '../../cli/watch/progress.js';
import { followEpic } from '../../cli/watch/watch-epic.js';
import { loadConfig } from '../../infra/config.js';
import { startStackDetached, stopStack } from '../../infra/embedded/lifecycle.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import { type ModelProcess, startScriptedModel } from './model.js';
import { printReport } from './report.js';
import { createSampleRepository, pullAndDraw } from './sample-repository.js';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'scripted' },
    keep: { type: 'boolean', default: false },
  },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const BUDGET_USD = 5;
const TITLE = 'Totals, taxes and formats for invoices';
const DESCRIPTION = `Our invoices only know their lines. Give them money, tax, discounts and a total, let people have
them as CSV and JSON, and offer all of it on the command line. Keep amounts in whole cents, and test every module.`;

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
  const model = await chooseModel();
  const { layout } = loadConfig();
  try {
    await Promise.race([interrupted, runDemo(model !== undefined)]);
  } finally {
    await stopStack(layout);
    model?.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function runDemo(isScripted: boolean): Promise<void> {
  const { layout } = loadConfig();
  say(`Starting Millwright in ${layout.home}`);
  await startStackDetached({ layout, argv: FOREGROUND, say: (text) => say(`  ${text}`) });
  const api = await connectApi();
  const source = createSampleRepository(home);
  const project = await addProject(api, source);
  const epic = await runEpic(api, String(project.id));
  const { pullCommand } = await api.get<{ readonly pullCommand: string }>(`/projects/${project.id}`);
  const graph = pullAndDraw(source, pullCommand);
  const temporalUi = readStackFacts(layout)?.temporalUiUrl ?? '';
  await printReport(api, String(epic.id), { graph, temporalUi, recordFile: isScripted ? RECORD : undefined }, say);
  if (epic.state !== 'COMPLETED') throw new Error(`The epic ended ${epic.state}.`);
  say(`\nThe epic is complete: every task landed green on the epic branch, and the epic on main.`);
  if (options.keep) await keepRunning(source);
}

/** The scripted server needs no key; the vendor's is told with the most that it may cost. */
async function chooseModel(): Promise<ModelProcess | undefined> {
  if (options.model === 'anthropic') {
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

async function addProject(api: ApiClient, source: string): Promise<Resource> {
  say(`\nImporting ${source} and running its checks on the tip`);
  const { id } = await api.post('/projects', { source, name: 'invoice' });
  for (;;) {
    const project = await api.get(`/projects/${id}`);
    if (project.state === 'ready') return project;
    if (project.state !== 'importing') throw new Error(`The project is ${project.state}: ${project.reason}`);
    await sleep(100);
  }
}

async function runEpic(api: ApiClient, projectId: string): Promise<Resource> {
  const epic = await api.post('/epics', {
    projectId,
    title: TITLE,
    description: DESCRIPTION,
    planner: 'model',
    overlap: 'allow',
    land: 'person',
    budgetMicroUsd: BUDGET_USD * 1_000_000,
  });
  say(`Filed the epic “${TITLE}”\n`);
  const progress = createProgress(process.stdout);
  let isLanding = false;
  const ended = await followEpic(api, String(epic.id), {
    progress,
    onChange: async ({ phase, state, prNumber }) => {
      if (phase === 'awaiting_merge' && prNumber && !isLanding) {
        isLanding = true;
        progress.note(`you: landing pull request #${prNumber} of the epic`);
        await api.post(`/epics/${epic.id}/land`, { reason: 'Looked at it; it is what we asked for.' });
      }
      return state === 'BLOCKED';
    },
  });
  progress.done();
  return ended;
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
