import { createProtocol } from '@dimp/core';
import { standard } from '@dimp/extensions/standard';

/** All algorithms and contents of the deployed network. */
export const protocol = createProtocol(standard());
