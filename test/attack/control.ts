import type { Cut } from '../support/variant/cut.js';

/**
 * One thing that stops attacks, named `<family>.<name>`. To show that it is needed, the attacks are run against a copy
 * of the compiled program from which it is cut out. The program itself has no switch for it.
 */
export type Control = Cut;
