import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** A text to find: contained as it stands, or a regular expression when written /…/flags. */
export type TextPattern = string;

export interface DataPattern {
  readonly origin?: TextPattern;
  readonly author?: TextPattern;
  readonly text?: TextPattern;
  /** Attributes of the block, for example kind or id. */
  readonly facts?: Readonly<Record<string, TextPattern>>;
}

/** Every given condition must hold. README.md explains each. */
export interface When {
  readonly role?: TextPattern;
  readonly kind?: TextPattern;
  readonly task?: TextPattern;
  readonly epic?: TextPattern;
  readonly project?: TextPattern;
  readonly model?: TextPattern;
  readonly turn?: number | { readonly min?: number; readonly max?: number };
  readonly system?: TextPattern;
  readonly first?: TextPattern;
  readonly last?: TextPattern;
  readonly anywhere?: TextPattern;
  readonly called?: readonly string[];
  readonly notCalled?: readonly string[];
  readonly lastResult?: { readonly tool?: string; readonly ok?: boolean; readonly text?: TextPattern };
  /** A marked block anywhere in the conversation; a string is its origin. */
  readonly data?: string | DataPattern;
  /** The same, in the newest user message only. */
  readonly lastData?: string | DataPattern;
  readonly not?: When;
}

export type IncidentKind =
  | 'rate_limit'
  | 'spend_limit'
  | 'billing'
  | 'overloaded'
  | 'server_error'
  | 'bad_gateway_html'
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'too_large'
  | 'context_too_large'
  | 'redirect'
  | 'html'
  | 'empty'
  | 'reset'
  | 'silence_before_headers'
  | 'silence'
  | 'comments_only'
  | 'pings_only'
  | 'slow'
  | 'error_event'
  | 'reset_mid_stream'
  | 'clean_close'
  | 'mid_line_close'
  | 'malformed_line'
  | 'truncated_tool_json'
  | 'no_stop_reason'
  | 'unknown_event'
  | 'double_stop';

export interface Incident {
  readonly kind: IncidentKind;
  /** How often it strikes. Default 1; 0 = always. */
  readonly times?: number;
  /** Count per rule and step (default) or for each different request. */
  readonly per?: 'step' | 'request';
  readonly retryAfterSeconds?: number;
  /** Of `slow`. Default 1. */
  readonly bytesPerSecond?: number;
}

export interface ScriptedCall {
  readonly tool: string;
  readonly input?: unknown;
  /** Sent as the argument text as it stands, valid JSON or not. */
  readonly rawInput?: string;
}

export interface Step {
  readonly text?: string;
  readonly calls?: readonly ScriptedCall[];
  /** Default: tool_use with calls, end_turn without. */
  readonly stopReason?: string;
  readonly delayMs?: number;
  readonly incidents?: readonly Incident[];
}

export interface Rule {
  readonly name: string;
  readonly when?: When;
  /** Answered by turn: step n is for a conversation with n assistant messages. */
  readonly steps?: readonly Step[];
  /** Beyond the last step, give the last one again. */
  readonly repeat?: boolean;
  /** One answer, whatever the turn. */
  readonly reply?: Step;
  /** Strike before any step of this rule. */
  readonly incidents?: readonly Incident[];
}

export interface Scenario {
  readonly version: 1;
  /** Before the first byte of every answer. Default 0. */
  readonly latencyMs?: number;
  /** Smallest prefix that is cached. Default 1024. */
  readonly minCacheTokens?: number;
  /** Larger prompts are refused. Default 1,000,000. */
  readonly contextTokens?: number;
  /** Given: any other key is answered 401. */
  readonly apiKeys?: readonly string[];
  readonly rules: readonly Rule[];
}

/** Reads a scenario file, YAML or JSON. @throws Error with the place of the mistake */
export async function loadScenario(path: string): Promise<Scenario> {
  return checkScenario(parse(await readFile(path, 'utf8')));
}

export function checkScenario(value: unknown): Scenario {
  // Checked below as far as a wrong file could do harm in silence.
  const scenario = value as Scenario;
  if (scenario?.version !== 1) throw new Error('scenario: version must be 1');
  if (!Array.isArray(scenario.rules)) throw new Error('scenario: rules must be a list');
  const names = new Set<string>();
  for (const rule of scenario.rules) {
    if (!rule.name || names.has(rule.name))
      throw new Error(`scenario: every rule needs a name of its own: ${rule.name}`);
    if ((rule.reply === undefined) === (rule.steps === undefined)) {
      throw new Error(`scenario: rule ${rule.name} needs either steps or reply`);
    }
    names.add(rule.name);
  }
  return scenario;
}
