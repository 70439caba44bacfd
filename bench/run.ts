// Benches compare with a baseline in the same run and judge ratios; none asserts a time.
import { readCommandLine } from '../test/support/options.js';
import type { Bench, BenchOptions, Comparison } from './comparison.js';
import { epicEngine } from './engine.js';
import { hintToWorkflow } from './hints.js';
import { historyEconomy } from './history.js';
import { mergeAttempt } from './merges.js';
import { apiReads } from './reads.js';
import { coldResume } from './resume.js';
import { sandboxedCalls } from './sandbox.js';
import { agentSteps } from './steps.js';
import { HISTORIES } from './support/platform.js';
import { isRed, isUnsure, loadNow, machine, type Report, reportText, rowsOf, together } from './support/report.js';
import { missingServerPrograms } from './support/temporal-on-postgres.js';
import { taskStart } from './task-start.js';
import { temporalFlags } from './temporal-flags.js';
import { treeAcquire } from './trees.js';
import { webhookIntake } from './webhooks.js';

const BENCHES: Readonly<Record<string, Bench>> = {
  M1: epicEngine,
  M2: historyEconomy,
  M3: apiReads,
  M4: webhookIntake,
  M5a: hintToWorkflow,
  M5b: taskStart,
  M6: treeAcquire,
  M7: mergeAttempt,
  M9: agentSteps,
  M10: sandboxedCalls,
  M12: coldResume,
  'temporal-flags': temporalFlags,
};

/** The cheap ones, whose floors the gate asks for. */
const SMOKE = ['M4', 'M6', 'M7', 'M9', 'M10'];

const USAGE = `npm run bench -- [${Object.keys(BENCHES).join(' | ')}] … [--rounds N] [--epics N] [--history file|postgres] [--seed N] [--json] [--smoke]`;

const runBench = async (metric: string, bench: Bench, options: BenchOptions): Promise<Report> => {
  const startedAt = performance.now();
  const before = loadNow();
  const comparison = await runUntilSure(bench, options);
  return {
    metric,
    title: comparison.title,
    subject: comparison.subject,
    redWhen: bench.redWhen,
    rounds: comparison.rows[0]?.ours.length ?? 0,
    seed: options.seed,
    seconds: (performance.now() - startedAt) / 1_000,
    machine: machine(),
    load: [before, loadNow()],
    rows: rowsOf(comparison),
  };
};

/** Runs of a bench whose rounds are put together until they prove one side of the floor. */
const MOST_RUNS = 3;

const runUntilSure = async (bench: Bench, options: BenchOptions): Promise<Comparison> => {
  let all = await bench.run(options);
  for (let run = 1; run < MOST_RUNS && isUnsure(all); run++) all = together(all, await bench.run(options));
  return all;
};

/** A smoke that is red is run once more: on a machine that stood still for a moment the second answer counts. */
const runTwiceIfRed = async (...run: Parameters<typeof runBench>): Promise<Report> => {
  const first = await runBench(...run);
  return run[2].isSmoke && isRed(first) ? await runBench(...run) : first;
};

const readOptions = () => {
  const { values, positionals } = readCommandLine(USAGE, {
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      epics: { type: 'string' },
      history: { type: 'string', default: 'file' },
      seed: { type: 'string', default: '1' },
    },
  });
  const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
  const numbers = [values.rounds ?? '1', values.epics ?? '1', values.seed].map(Number);
  const history = HISTORIES.find((one) => one === values.history);
  if (history === undefined) throw new Error(USAGE);
  if (unknown.length > 0 || !numbers.every((value) => Number.isSafeInteger(value) && value > 0)) throw new Error(USAGE);
  const missing = history === 'postgres' ? missingServerPrograms() : [];
  if (missing.length > 0)
    throw new Error(`Not on PATH: ${missing.join(', ')}. docs/benchmarks.md says how to get them.`);
  return {
    names: positionals.length > 0 ? positionals : values.smoke ? SMOKE : Object.keys(BENCHES),
    isJson: values.json,
    options: {
      isSmoke: values.smoke,
      seed: Number(values.seed),
      history,
      ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
      ...(values.epics === undefined ? {} : { epics: Number(values.epics) }),
    },
  };
};

const main = async (): Promise<void> => {
  const { names, isJson, options } = readOptions();
  const reports: Report[] = [];
  for (const name of names) {
    const bench = BENCHES[name];
    if (bench === undefined) continue;
    const report = await runTwiceIfRed(name, bench, options);
    reports.push(report);
    // With --json the standard output is one document and nothing else.
    (isJson ? console.error : console.log)(`${reportText(report)}\n`);
  }
  if (isJson) console.log(JSON.stringify({ benches: reports }, undefined, 2));
  process.exitCode = reports.some(isRed) ? 1 : 0;
};

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
