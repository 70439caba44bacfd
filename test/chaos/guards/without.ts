import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { buildVariant, type Variant } from '../../support/variant/variant.js';
import type { CaseProof, Guard, Proof, TestProof } from './guard.js';

/** What a proof said of a program without its guard. */
interface Seen {
  readonly proof: Proof;
  readonly isRed: boolean;
  /** The beginning of what it said. */
  readonly words: string;
}

/** Runs the proofs of a guard against the program without it. Answers how many stayed green: those prove nothing. */
const runWithout = (guard: Guard, seed: number, say: (text: string) => void): number => {
  say(`\nWithout ${guard.name}: ${guard.about}`);
  const variant = buildVariant(guard);
  try {
    const tests = guard.proofs.filter((proof) => proof.kind === 'test');
    const cases = guard.proofs.filter((proof) => proof.kind === 'case');
    const seen = [...runTests(variant, tests), ...cases.map((proof) => runCase(variant, proof, proof.seed ?? seed))];
    for (const { proof, isRed, words } of seen)
      say(`  ${isRed ? 'red  ' : 'GREEN'}  ${proof.kind} ${proof.name}${words === '' ? '' : `\n         ${words}`}`);
    return seen.filter(({ isRed }) => !isRed).length;
  } finally {
    variant.remove();
  }
};

const runCase = ({ directory, dist }: Variant, proof: CaseProof, seed: number): Seen => {
  const argv = [join(dist, 'test/chaos/main.js'), '--case', proof.name, '--seed', String(seed)];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: directory, encoding: 'utf8' });
  const failure = stdout.split('\n\n').find((part) => part.includes('✘'));
  if (status === 1 && failure !== undefined) return { proof, isRed: true, words: firstLines(failure) };
  // Skipped is not red: on this machine nothing was shown.
  return { proof, isRed: false, words: status === 0 ? '' : firstLines(stderr || stdout) };
};

interface JestReport {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const runTests = ({ directory }: Variant, proofs: readonly TestProof[]): readonly Seen[] => {
  if (proofs.length === 0) return [];
  const place = mkdtempSync(join(tmpdir(), 'millwright-proof-'));
  const reportFile = join(place, 'report.json');
  try {
    const names = proofs.map(({ name }) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
    const files = new Set(proofs.map(({ file }) => file));
    const argv = [
      'scripts/jest.mjs',
      '--json',
      // A test that fails may leave a process behind, and with it jest would wait for ever.
      '--forceExit',
      `--outputFile=${reportFile}`,
      `--testNamePattern=(${names})$`,
      ...files,
    ];
    const env = { ...process.env, NODE_OPTIONS: '' };
    const { stderr } = spawnSync(process.execPath, argv, { cwd: directory, encoding: 'utf8', env });
    if (!existsSync(reportFile)) throw new Error(`The tests could not be run: ${stderr}`);
    // Written by jest.
    const report = JSON.parse(readFileSync(reportFile, 'utf8')) as JestReport;
    return proofs.map((proof) => seenOf(report, proof));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
};

/** A file that does not even load has no results, and so proves nothing. */
const seenOf = ({ testResults }: JestReport, proof: TestProof): Seen => {
  const results = testResults.flatMap((file) => file.assertionResults).filter(({ title }) => title === proof.name);
  const failed = results.find(({ status }) => status === 'failed');
  if (failed) return { proof, isRed: true, words: firstLines(failed.failureMessages[0] ?? '') };
  return {
    proof,
    isRed: false,
    words: results.length > 0 ? '' : firstLines(testResults[0]?.message ?? 'no such test'),
  };
};

const SHOWN_LINES = 3;

const firstLines = (text: string): string =>
  stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, SHOWN_LINES)
    .join('\n         ');

/** Cuts guards out in turn. Answers whether each removal was noticed by everything that must notice it. */
export const runWithoutEach = (guards: readonly Guard[], seed: number, say: (text: string) => void): boolean => {
  const unnoticed = guards.filter((guard) => runWithout(guard, seed, say) > 0);
  say(`\n${guards.length} guards removed in turn, ${unnoticed.length} unnoticed`);
  for (const { name } of unnoticed) say(`  ✘ something stays green without ${name}`);
  return unnoticed.length === 0;
};
