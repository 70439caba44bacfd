import type { DataBlock, Facts } from './facts.js';
import type { DataPattern, Rule, Scenario, Step, TextPattern, When } from './scenario.js';
import { invalid } from './wire.js';

const REGEX = /^\/(.*)\/([a-z]*)$/s;

const expressionOf = (pattern: string): RegExp | undefined => {
  const written = REGEX.exec(pattern);
  return written ? new RegExp(written[1] ?? '', written[2]) : undefined;
};

const contains = (text: string, pattern: TextPattern | undefined): boolean =>
  pattern === undefined || (expressionOf(pattern)?.test(text) ?? text.includes(pattern));

const equals = (value: string | undefined, pattern: TextPattern | undefined): boolean =>
  pattern === undefined || (expressionOf(pattern)?.test(value ?? '') ?? value === pattern);

function hasData(blocks: readonly DataBlock[], wanted: string | DataPattern | undefined): boolean {
  if (wanted === undefined) return true;
  const pattern: DataPattern = typeof wanted === 'string' ? { origin: wanted } : wanted;
  return blocks.some(
    (block) =>
      equals(block.origin, pattern.origin) &&
      equals(block.author, pattern.author) &&
      contains(block.text, pattern.text) &&
      Object.entries(pattern.facts ?? {}).every(([name, value]) => equals(block.facts[name], value)),
  );
}

function isTurn(turn: number, wanted: When['turn']): boolean {
  if (wanted === undefined) return true;
  if (typeof wanted === 'number') return turn === wanted;
  return turn >= (wanted.min ?? 0) && turn <= (wanted.max ?? Number.POSITIVE_INFINITY);
}

const hasResult = (facts: Facts, wanted: When['lastResult']): boolean =>
  wanted === undefined ||
  facts.lastResults.some(
    (result) =>
      equals(result.tool, wanted.tool) &&
      (wanted.ok === undefined || result.ok === wanted.ok) &&
      contains(result.text, wanted.text),
  );

export function matches(facts: Facts, when: When = {}): boolean {
  const called = new Set(facts.exchanges.map((exchange) => exchange.tool));
  return (
    equals(facts.head.role, when.role) &&
    equals(facts.head.kind, when.kind) &&
    equals(facts.head.task, when.task) &&
    equals(facts.head.epic, when.epic) &&
    equals(facts.head.project, when.project) &&
    equals(facts.model, when.model) &&
    isTurn(facts.turn, when.turn) &&
    contains(facts.system, when.system) &&
    contains(facts.first, when.first) &&
    contains(facts.last, when.last) &&
    contains(facts.anywhere, when.anywhere) &&
    (when.called ?? []).every((tool) => called.has(tool)) &&
    !(when.notCalled ?? []).some((tool) => called.has(tool)) &&
    hasResult(facts, when.lastResult) &&
    hasData(facts.data, when.data) &&
    hasData(facts.lastData, when.lastData) &&
    !(when.not && matches(facts, when.not))
  );
}

export interface Chosen {
  readonly rule: Rule;
  readonly step: Step;
  readonly stepIndex: number;
}

/** The first rule that matches, and its step for this turn. @throws WireError 400 that says what was asked */
export function choose(scenario: Scenario, facts: Facts): Chosen {
  const rule = scenario.rules.find((candidate) => matches(facts, candidate.when));
  const asked = `role=${facts.head.role} kind=${facts.head.kind} task=${facts.head.task} turn=${facts.turn}`;
  if (!rule) throw invalid(`scenario: no rule matches ${asked}`);
  if (rule.reply) return { rule, step: rule.reply, stepIndex: 0 };
  const steps = rule.steps ?? [];
  const stepIndex = rule.repeat ? Math.min(facts.turn, steps.length - 1) : facts.turn;
  const step = steps[stepIndex];
  if (!step) throw invalid(`scenario: rule ${rule.name} has no step for ${asked}`);
  return { rule, step, stepIndex };
}
