/** A deterministic count: four bytes to a token and three for the block. No real tokeniser, but additive and monotone. */
export const countTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4) + 3;
