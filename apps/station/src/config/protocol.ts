import { createProtocol } from '@dimp/core';
import { standard } from '@dimp/extensions/standard';

/** Everything that the deployed network knows. */
export const protocol = createProtocol(standard());
