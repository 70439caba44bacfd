/** A value of the configuration file, described once: the validator and the published JSON Schema both read this. */
export type ConfigNode =
  | { readonly kind: 'text'; readonly pattern?: TextPattern; readonly maxLength?: number; readonly about?: string }
  | { readonly kind: 'whole' | 'number'; readonly min: number; readonly max: number; readonly about?: string }
  | { readonly kind: 'flag'; readonly about?: string }
  | {
      readonly kind: 'oneOf';
      readonly values: readonly string[];
      readonly later?: readonly string[];
      readonly about?: string;
    }
  /** A knob of the full design that has one value in this version. */
  | { readonly kind: 'only'; readonly value: string | number | boolean; readonly about?: string }
  /** A key of the full design that this version has no use for. */
  | { readonly kind: 'later'; readonly about?: string }
  /** Refused everywhere but in an admin's overrides. */
  | { readonly kind: 'adminOnly'; readonly values: readonly (string | boolean)[]; readonly about?: string }
  | {
      readonly kind: 'list';
      readonly of: ConfigNode;
      readonly min?: number;
      readonly max: number;
      readonly about?: string;
    }
  /** One value may stand for a list of one. */
  | { readonly kind: 'oneOrMore'; readonly of: ConfigNode; readonly max: number; readonly about?: string }
  | ObjectNode;

export interface ObjectNode {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, ConfigNode>>;
  readonly required?: readonly string[];
  readonly about?: string;
}

export interface TextPattern {
  readonly source: string;
  /** What a text must be, after "must". */
  readonly rule: string;
}

export const NAME: TextPattern = {
  source: '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$',
  rule: 'be 1 to 60 letters, digits, spaces, dots, hyphens or underscores, and begin with a letter or digit',
};
export const AGENT_NAME: TextPattern = {
  source: '^[a-z0-9][a-z0-9-]{0,39}$',
  rule: 'be 1 to 40 lower-case letters, digits or hyphens',
};
/** No absolute path, no `..`, no leading dash that a program could take for an option. */
export const TREE_PATH: TextPattern = {
  source: '^(?![/-])(?!(.*/)?\\.\\.?(/|$))[^\\0\\n]{1,300}$',
  rule: 'be a path inside the repository, without . or .. parts',
};
export const GLOB: TextPattern = {
  source: '^(?!/)(?!(.*/)?\\.\\.(/|$))[^\\0\\n]{1,300}$',
  rule: 'be a glob relative to the root of the repository',
};
export const ASSIGNMENT: TextPattern = {
  source: '^[A-Za-z_][A-Za-z0-9_]{0,99}=[^\\0\\n]{0,2000}$',
  rule: 'be NAME=value: variables of the host are never passed on',
};
export const COMMAND: TextPattern = { source: '\\S', rule: 'be a command' };
export const BRANCH: TextPattern = {
  source: '^(?![-./])(?!.*(\\.\\.|@\\{|//|\\.lock(/|$)|/\\.))[^\\s~^:?*\\[\\\\\\x00-\\x1f\\x7f]{1,200}(?<![./])$',
  rule: 'be the name of a branch',
};
