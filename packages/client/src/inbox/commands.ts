import type { Draft } from '@dimp/dkd';
import type { Command, HandshakeBody, StandardProcessors } from '@dimp/endpoint';
import type { StationContact } from '../connection/station-contact.ts';
import type { Processors } from './processors.ts';

/**
 * Processes the commands that need no handler: those of the connected station, and those that every endpoint
 * understands.
 */
export class Commands {
  readonly #standard: StandardProcessors;
  readonly #processors: Processors;

  constructor(standard: StandardProcessors, processors: Processors) {
    this.#standard = standard;
    this.#processors = processors;
  }

  /**
   * Processes a command.
   *
   * @param via - the station whose connection it came over directly
   * @returns answers; undefined for a command that is for the application
   */
  async process(
    command: Command<unknown>,
    via: StationContact | undefined,
  ): Promise<readonly Draft[] | undefined> {
    const { kind } = command.content;
    if (via !== undefined) {
      if (kind === 'handshake') {
        via.handshake(command as Command<HandshakeBody>);
        return [];
      }
      if (via.take(command)) return [];
    }
    const answered = await this.#standard.process(command);
    if (answered !== undefined) return answered;
    // Logins of other users matter to stations, which add them to their answers (spec §9.5).
    return kind === 'login' && !this.#processors.handles(kind) ? [] : undefined;
  }
}
