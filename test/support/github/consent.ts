/** What the form of a page carries. */
export interface Consent {
  readonly target: string;
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly raw: string;
}

const decoded = (text: string): string =>
  text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));

/** A browser of fetch that reads the page behind the address. */
export async function readConsent(address: string): Promise<Consent> {
  const answer = await fetch(address);
  const html = await answer.text();
  if (!answer.ok) throw new Error(`The page answered ${answer.status}.`);
  const target = decoded(/<form method="post" action="([^"]*)"/.exec(html)?.[1] ?? '');
  const raw = decoded(/name="manifest" value="([^"]*)"/.exec(html)?.[1] ?? '');
  return { target, raw, manifest: JSON.parse(raw) };
}

/** Presses the button and consents at GitHub: answers where GitHub sends the person back to. */
export async function submitConsent({ target, raw }: Consent): Promise<URL> {
  const body = new URLSearchParams({ manifest: raw });
  const answer = await fetch(target, { method: 'POST', body, redirect: 'manual' });
  const location = answer.headers.get('location');
  if (answer.status !== 302 || location === null) throw new Error(`GitHub answered ${answer.status}.`);
  return new URL(location);
}
