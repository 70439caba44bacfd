/** A git operation that starts with a token may go on for long. */
const SPARE_MS = 10 * 60_000;

/**
 * Installation tokens of this process, in memory alone, in the form that `@octokit/auth-app` keeps:
 * `token|createdAt|expiresAt|…` by installation, repositories and permissions.
 */
export class IssuedTokens {
  private readonly values = new Map<string, string>();
  /** With those that were replaced, which the forge still honours for a while. */
  private readonly issued = new Map<string, number>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Empty when there is none that still serves for a while: the forge is then asked for a new one. */
  get(key: string): string {
    const value = this.values.get(key);
    if (value === undefined) return '';
    const expiresAt = Date.parse(value.split('|')[2] ?? '');
    if (expiresAt - this.now() > SPARE_MS) return value;
    this.values.delete(key);
    return '';
  }

  set(key: string, value: string): void {
    this.values.set(key, value);
    const [token = '', , expiresAt = ''] = value.split('|');
    for (const [old, expiry] of this.issued) if (expiry <= this.now()) this.issued.delete(old);
    this.issued.set(token, Date.parse(expiresAt));
  }

  /** All of them, once. */
  drain(): readonly string[] {
    const tokens = [...this.issued.keys()];
    this.values.clear();
    this.issued.clear();
    return tokens;
  }
}
