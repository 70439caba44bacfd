// Fails everything on purpose: `npm run chaos`, `-- --list`, `-- --case <beginning of a name> --seed N`; and shows what
// each guard is for: `-- --guards`, `-- --without <guard>|each`.
import { table } from '../../cli/output.js';
import { readCommandLine } from '../support/options.js';
import { CASES } from './cases.js';
import { runWithoutEach } from './guards/without.js';
import { GUARDS } from './guards.js';
import { markdownTable } from './markdown.js';
import { type CaseResult, runCase } from './run-case.js';
import { KEPT_LOGS } from './world.js';

const { values: options } = readCommandLine(
  'npm run chaos -- [--case <beginning of a name>]… [--seed <n>] [--list] [--markdown] [--guards] [--without <guard>|each]',
  {
    options: {
      list: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      case: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string', default: String(Date.now() % 100_000) },
      guards: { type: 'boolean', default: false },
      without: { type: 'string' },
    },
  },
);
/** The instance of a running case would outlive this process. */
let isInterrupted = false;
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      isInterrupted = true;
      reject(new Error('Interrupted.'));
    });
});
interrupted.catch(() => {}); // the running case hears of it
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const seed = Number(options.seed);

const chosen = CASES.filter(
  ({ name }) => options.case.length === 0 || options.case.some((part) => name.startsWith(part)),
);

function list(): void {
  const columns = [
    { title: 'case', of: ({ name }: { readonly name?: unknown }) => name },
    { title: 'what is done', of: ({ does }: { readonly does?: unknown }) => does, max: 90 },
    { title: 'what it would have caught', of: ({ catches }: { readonly catches?: unknown }) => catches, max: 110 },
  ];
  say(
    table(
      columns,
      chosen.map(({ name, does, catches }) => ({ name, does, catches })),
    ),
  );
}

function listGuards(): void {
  const columns = [
    { title: 'guard', of: ({ name }: { readonly name?: unknown }) => name },
    { title: 'what it keeps', of: ({ about }: { readonly about?: unknown }) => about, max: 110 },
    { title: 'proofs', of: ({ proofs }: { readonly proofs?: unknown }) => proofs },
  ];
  say(
    table(
      columns,
      GUARDS.map(({ name, about, proofs }) => ({ name, about, proofs: proofs.length })),
    ),
  );
}

function without(name: string): void {
  const guards = GUARDS.filter((guard) => name === 'each' || guard.name === name);
  if (guards.length === 0) {
    process.stderr.write('No guard is called so; see --guards.\n');
    process.exitCode = 2;
  } else process.exitCode = runWithoutEach(guards, seed, say) ? 0 : 1;
}

async function runAll(): Promise<void> {
  say(`${chosen.length} cases, seed ${seed}`);
  const results: (CaseResult & { readonly name: string })[] = [];
  const width = Math.max(...chosen.map(({ name }) => name.length));
  for (const one of chosen) {
    const result = await runCase(one, seed, noteBelow(one.name.padEnd(width)), interrupted);
    if (isInterrupted) break;
    results.push({ ...result, name: one.name });
    const mark = { passed: '✔', failed: '✘', skipped: '–' }[result.kind];
    const time = result.kind === 'skipped' ? 'skipped' : `${(result.ms / 1000).toFixed(1).padStart(6)} s`;
    say(
      `${eraseLine}${mark} ${one.name.padEnd(width)}  ${time}  ${result.kind === 'passed' ? one.does : (result.why ?? '')}`,
    );
  }
  const count = (kind: CaseResult['kind']): number => results.filter((one) => one.kind === kind).length;
  const failed = results.filter(({ kind }) => kind === 'failed');
  say(`\n${count('passed')} passed, ${failed.length} failed, ${count('skipped')} skipped`);
  if (failed.length > 0) say(`The logs of the last one that failed are in ${KEPT_LOGS}`);
  for (const { name } of failed) say(`Again with: npm run chaos -- --case ${name} --seed ${seed}`);
  process.exitCode = isInterrupted ? 130 : failed.length > 0 ? 1 : 0;
}

/** On a terminal one line says what the running case does. */
const eraseLine = process.stdout.isTTY ? '\r\u001b[2K' : '';
const noteBelow =
  (name: string) =>
  (text: string): void => {
    if (process.stdout.isTTY) process.stdout.write(`${eraseLine}… ${name}  ${text}`);
  };

if (!Number.isSafeInteger(seed) || chosen.length === 0) {
  process.stderr.write(chosen.length === 0 ? `No case is called so; see --list.\n` : '--seed is a whole number.\n');
  process.exitCode = 2;
} else if (options.guards) listGuards();
else if (options.without !== undefined) without(options.without);
else if (options.markdown) say(markdownTable(chosen));
else if (options.list) list();
else {
  await runAll();
  process.exit();
}
