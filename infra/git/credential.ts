/** A password for one address, as git may ask for it. */
export interface GitCredential {
  readonly username: string;
  readonly password: string;
}

/** What a remote's token may do: a fetch gets none that could push. */
export type GitAccess = 'read' | 'write';

/**
 * Settings that let git read the credential from descriptor 3, once, and for exactly this address. Neither argv nor
 * environment nor a file holds it; another host or path, and whatever a redirect names, is offered nothing.
 */
export const credentialSettings = (url: string): readonly string[] => [
  'credential.useHttpPath=true',
  `credential.${url}.helper=!f() { test "$1" = get && cat <&3; }; f`,
  'http.followRedirects=false',
];

/** What the helper answers. A line break ends a value, so that no key can be smuggled in. */
export const credentialAnswer = ({ username, password }: GitCredential): string =>
  `username=${firstLine(username)}\npassword=${firstLine(password)}\n`;

const firstLine = (text: string): string => text.split(/[\r\n\0]/, 1)[0] ?? '';
