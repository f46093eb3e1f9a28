import { createProtocol } from '@dimp/core';
import { standard } from '@dimp/extensions/standard';

/** All algorithms and contents of the deployed network. Immutable. */
export const protocol = createProtocol(standard());

/** Type of {@link protocol}. */
export type AppProtocol = typeof protocol;
