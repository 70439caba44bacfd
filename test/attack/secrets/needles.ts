/** One form in which a secret may lie about. */
export interface Needle {
  readonly form: string;
  readonly bytes: Buffer;
}

/** Part of a secret that is as good as the whole to whoever finds it. */
const HALF_CHARS = 16;

/**
 * The secret as it is, as halves (split over lines or fields), reversed, as hex, and as base64 at each of the three
 * places where it may begin in a longer text.
 */
export const needlesOf = (secret: string): readonly Needle[] => {
  const bytes = Buffer.from(secret);
  const texts: readonly (readonly [string, string])[] = [
    ['the first half', secret.slice(0, HALF_CHARS)],
    ['the second half', secret.slice(-HALF_CHARS)],
    ['reversed', [...secret].reverse().join('')],
    ['hex', bytes.toString('hex')],
    ['upper-case hex', bytes.toString('hex').toUpperCase()],
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
    ['percent', [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')],
  ];
  return texts.map(([form, text]) => ({ form, bytes: Buffer.from(text) }));
};

/** Without the characters at both ends that neighbours have a part in. */
const base64At = (bytes: Buffer, offset: number): readonly (readonly [string, string])[] => {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const first = offset === 0 ? 0 : offset + 1;
  const whole = text.replace(/=+$/, '').slice(first, -1);
  return [
    ['base64', whole],
    ['base64url', whole.replaceAll('+', '-').replaceAll('/', '_')],
  ];
};

/** The form in which the secret stands there, or undefined. */
export const findIn = (haystack: Buffer, needles: readonly Needle[]): string | undefined =>
  needles.find(({ bytes }) => haystack.includes(bytes))?.form;
