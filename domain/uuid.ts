/**
 * UUIDv7 (RFC 9562) of a given time and the random bits of a given UUIDv4: pure, so that a workflow makes the same id
 * in every replay. Ids made later sort later, to the millisecond.
 */
export function uuidV7(atMs: number, uuidV4: string): string {
  const time = Math.trunc(atMs).toString(16).padStart(12, '0');
  // Version nibble 7 replaces the 4; the variant bits of a UUIDv4 are already right.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${uuidV4.slice(15)}`;
}
