import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import { Failure } from '../../domain/failures.js';
import type { Position } from '../../domain/project-config/validate.js';
import { readYaml } from '../yaml.js';

/** A place in a YAML file. Each reader answers a typed value or refuses with file, line and key. */
export class YamlCursor {
  private constructor(
    private readonly file: string,
    private readonly positionAt: (offset: number) => Position,
    private readonly node: Node | null,
    /** Dotted path from the root, such as `agents.0.name`. */
    readonly key: string,
    private readonly offset: number,
  ) {}

  static parse(file: string, source: string | Uint8Array): YamlCursor {
    const read = readYaml(source);
    if (read.kind === 'document') return new YamlCursor(file, read.positionAt, read.document.contents, '', 0);
    const { line, column } = read.position;
    throw new Failure('InvalidInput', `${file}:${line}:${column}: the file ${read.why}.`, { file, line });
  }

  get isAbsent(): boolean {
    return this.node === null || (isScalar(this.node) && this.node.value === null);
  }

  refuse(rule: string): Failure {
    const { line, column } = this.positionAt(this.node?.range?.[0] ?? this.offset);
    const subject = this.key === '' ? 'the file' : this.key;
    return new Failure('InvalidInput', `${this.file}:${line}:${column}: ${subject} ${rule}.`, {
      file: this.file,
      line,
      key: this.key,
    });
  }

  /** Answers the member under each of `keys`, and refuses any other key. */
  members<K extends string>(keys: readonly K[]): Readonly<Record<K, YamlCursor>> {
    const known = new Set<string>(keys);
    const entries = this.entries();
    for (const [name, value] of entries) {
      if (!known.has(name)) throw value.refuse(`is not a known key (known: ${keys.join(', ')})`);
    }
    const found = new Map(entries);
    const members = keys.map((key) => [key, found.get(key) ?? this.child(key, null)] as const);
    return Object.fromEntries(members) as Record<K, YamlCursor>; // every key of `keys` was just set
  }

  entries(): readonly (readonly [string, YamlCursor])[] {
    if (this.isAbsent) return [];
    if (!isMap(this.node)) throw this.refuse('must be a mapping');
    return this.node.items.map((item) => {
      const name = isScalar(item.key) ? String(item.key.value) : ''; // nothing else passes the reader
      // Both sides of a pair are nodes or null in a parsed document.
      return [name, this.child(name, item.value as Node | null, (item.key as Node | null)?.range?.[0])] as const;
    });
  }

  items(): readonly YamlCursor[] {
    if (this.isAbsent) return [];
    if (!isSeq(this.node)) throw this.refuse('must be a list');
    return this.node.items.map((item, index) => this.child(String(index), item as Node | null));
  }

  text(): string {
    const value = isScalar(this.node) ? this.node.value : undefined;
    if (typeof value !== 'string' || value.trim() === '') throw this.refuse('must be a non-empty text');
    if (value.includes('\0')) throw this.refuse('must not contain NUL');
    return value;
  }

  number({ min, max, isWhole = false }: { min: number; max: number; isWhole?: boolean }): number {
    const value = isScalar(this.node) ? this.node.value : undefined;
    const isRight = typeof value === 'number' && (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value));
    if (!isRight || value < min || value > max) {
      throw this.refuse(`must be a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`);
    }
    return value;
  }

  oneOf<T extends string>(allowed: readonly T[]): T {
    const value = isScalar(this.node) ? this.node.value : undefined;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw this.refuse(`must be one of ${allowed.join(', ')}`);
    return found;
  }

  private child(name: string, node: Node | null, offset?: number): YamlCursor {
    const key = this.key === '' ? name : `${this.key}.${name}`;
    const at = offset ?? this.node?.range?.[0] ?? this.offset;
    const child = new YamlCursor(this.file, this.positionAt, node, key, at);
    if (isAlias(node)) throw child.refuse('must be written out: aliases are not read here');
    return child;
  }
}
