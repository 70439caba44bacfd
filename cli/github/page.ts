import { APP_PERMISSIONS } from '../../infra/forge/github/app-manifest.js';

/** What people read in their browser. Why each permission is asked for stands here too. */
const REASONS: Readonly<Record<keyof typeof APP_PERMISSIONS, string>> = {
  contents: 'push branches, land what passed',
  pull_requests: 'open, describe and close pull requests',
  checks: 'show each gate as a check run',
  statuses: 'read and set commit statuses',
  issues: 'take labelled issues, report progress in one comment',
  metadata: 'see the repository (GitHub requires it)',
  members: 'know whose commands count, by team',
  actions: 'read the log of a failed job, and run it again once',
  administration: 'read which checks a protected branch requires; nothing is changed',
};

const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d5d9de;--ground:#fff;--go:#1a6f3c}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#9aa4af;--line:#373e47;--ground:#15181c;--go:#2b8a50}}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:40rem;margin:3rem auto;padding:0 1.25rem}
h1{font-size:1.5rem;margin:0 0 .5rem}p{margin:.75rem 0}
table{border-collapse:collapse;width:100%;margin:1.25rem 0;font-size:.925rem}
th,td{text-align:left;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:600}code{font-family:ui-monospace,monospace}
.soft{color:var(--soft);font-size:.925rem;overflow-wrap:anywhere}
button,.go{display:inline-block;font:inherit;font-weight:600;padding:.6rem 1.1rem;border:0;border-radius:.4rem;background:var(--go);color:#fff;cursor:pointer;text-decoration:none}
button:focus-visible,.go:focus-visible{outline:3px solid var(--ink);outline-offset:2px}`;

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const page = (title: string, body: string): string =>
  `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${STYLE}</style>
<main><h1>${escaped(title)}</h1>
${body}
</main></html>
`;

const row = (cells: readonly string[]): string => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;

export interface ConsentPage {
  /** Where the form goes: a page of GitHub. */
  readonly target: string;
  readonly manifest: object;
  readonly webhookUrl: string | undefined;
}

/** The page that opens first: what the App will be, and one button. */
export function consentPage({ target, manifest, webhookUrl }: ConsentPage): string {
  const rows = Object.entries(APP_PERMISSIONS).map(
    ([name, access]) => row([`<code>${name}</code>`, access, REASONS[name as keyof typeof REASONS]]), // its keys are these
  );
  const hook =
    webhookUrl === undefined
      ? 'Without a webhook: Millwright looks for itself, and notices what happens up to a minute later.'
      : `Webhooks go to <code>${escaped(webhookUrl)}</code>.`;
  return page(
    'Connect Millwright to GitHub',
    `<p>This registers a GitHub App of your own. You can change its name on the next page; its key is sent to this
machine alone.</p>
<table><tr><th>Permission</th><th>Access</th><th>What for</th></tr>${rows.join('')}</table>
<p class="soft">${hook}</p>
<form method="post" action="${escaped(target)}">
<input type="hidden" name="manifest" value="${escaped(JSON.stringify(manifest))}">
<button>Continue to GitHub</button></form>
<p class="soft">Next: ${escaped(new URL(target).origin)}</p>`,
  );
}

export const madePage = (name: string, installUrl: string): string =>
  page(
    `${name} is registered`,
    `<p>Its key is kept on this machine. Now choose the repositories that it may work on:</p>
<p><a class="go" href="${escaped(installUrl)}">Install it</a></p>
<p class="soft">The terminal goes on by itself once it is installed.</p>`,
  );

export const refusedPage = (title: string, text: string): string => page(title, `<p>${escaped(text)}</p>`);
