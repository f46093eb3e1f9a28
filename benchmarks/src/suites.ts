import { files } from './files.ts';
import { framing } from './framing.ts';
import { identities } from './identities.ts';
import { messages } from './messages.ts';
import { reading } from './reading.ts';
import type { Suite } from './suite.ts';

/** Every suite that is timed, in the order of the report. */
export const suites: readonly Suite[] = [messages, reading, identities, framing, files];
