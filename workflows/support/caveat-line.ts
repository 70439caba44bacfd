/** How the Web UI says what an admin switched off for the project. */
export const caveatLine = (caveat: string): string => `**⚠ ${caveat}.**`;
