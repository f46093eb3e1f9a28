import { createProtocol } from '@dimp/core';
import { standard } from '@dimp/extensions/standard';

/** Everything the deployed network knows. Immutable. */
export const protocol = createProtocol(standard());

/** What {@link protocol} is, for whoever needs its type. */
export type AppProtocol = typeof protocol;
