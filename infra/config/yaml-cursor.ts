import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { Failure } from '../../domain/failures.js';

/** A place in a YAML file. Each reader answers a typed value or refuses with file, line and key. */
export class YamlCursor {
  private constructor(
    private readonly file: string,
    private readonly lines: LineCounter,
    private readonly node: Node | null,
    /** Dotted path from the root, such as `agents.0.name`. */
    readonly key: string,
    private readonly offset: number,
  ) {}

  static parse(file: string, text: string): YamlCursor {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
    const [error] = document.errors;
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0]);
      const [reason = 'not valid YAML'] = error.message.split(/ at line |\n/);
      throw new Failure('InvalidInput', `${file}:${line}:${col}: ${reason}.`, { file, line });
    }
    return new YamlCursor(file, lines, document.contents, '', 0);
  }

  get isAbsent(): boolean {
    return this.node === null || (isScalar(this.node) && this.node.value === null);
  }

  refuse(rule: string): Failure {
    const { line, col } = this.lines.linePos(this.node?.range?.[0] ?? this.offset);
    const subject = this.key === '' ? 'the file' : this.key;
    return new Failure('InvalidInput', `${this.file}:${line}:${col}: ${subject} ${rule}.`, {
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
      const name = isScalar(item.key) ? String(item.key.value) : '';
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
    return value;
  }

  number({ min, max, isWhole = false }: { min: number; max: number; isWhole?: boolean }): number {
    const value = isScalar(this.node) ? this.node.value : undefined;
    if (typeof value !== 'number' || value < min || value > max || (isWhole && !Number.isSafeInteger(value))) {
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
    return new YamlCursor(this.file, this.lines, node, key, offset ?? this.node?.range?.[0] ?? this.offset);
  }
}
