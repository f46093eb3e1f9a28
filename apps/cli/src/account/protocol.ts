import { createProtocol } from '@dimp/core';
import { chat } from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';

/** All algorithms and contents of the deployed network, and those of conversations. */
export const EXTENSIONS = [standard(), chat()] as const;

/** The protocol of {@link EXTENSIONS}. Immutable. */
export const protocol = createProtocol(...EXTENSIONS);

/** Type of {@link protocol}. */
export type AppProtocol = typeof protocol;
