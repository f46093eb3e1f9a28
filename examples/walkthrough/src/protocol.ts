import { createProtocol } from '@dimp/core';
import { standard } from '@dimp/extensions/standard';

/** Everything the deployed network knows. Immutable, so all people of the walkthrough can share it. */
export const protocol = createProtocol(standard());
