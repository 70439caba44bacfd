/** Rounds of required checks on one change, before people are asked. */
export const MAX_CHECK_ROUNDS = 3;
/** What stands for the outcome of a verification of a head until the one that somebody asked for anew has ended. */
export const ASKED_AGAIN = 'asked again';
/** Runs that may leave conflict markers behind, before people are asked. */
export const MAX_MARKER_ROUNDS = 3;
/** Verifications that the machinery may spoil; the last one judges a timeout by a control run. */
export const MAX_VERIFY_TRIES = 3;
/** Target tips that may move under one verification before it waits like for broken machinery. */
export const MAX_TIP_MOVES = 5;
