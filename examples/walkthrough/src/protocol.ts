import { createProtocol } from '@dimp/core';
import { standard } from '@dimp/extensions/standard';

/** Everything that the deployed network uses. Immutable, so that all people can share it. */
export const protocol = createProtocol(standard());
