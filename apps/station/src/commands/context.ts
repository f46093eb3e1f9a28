import type { Configuration } from '../config/configuration.ts';
import type { Output } from '../output.ts';

/** What a command works with. */
export interface CommandContext {
  readonly configuration: Configuration;
  readonly output: Output;
}
