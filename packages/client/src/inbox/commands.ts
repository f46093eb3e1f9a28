import type { Draft } from '@dimp/dkd';
import type { Command, HandshakeBody, StandardProcessors } from '@dimp/endpoint';
import type { StationContact } from '../connection/station-contact.ts';
import type { Processors } from './processors.ts';

/**
 * Commands that the messenger sees to by itself: those of the station it is connected to, and those that every endpoint
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
   * @param via - the station whose connection it came over, as a message of its own
   * @returns what to answer; undefined for a command that is for the application
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
    // Where somebody is matters to stations; they pass it on with their answers (spec §9.5).
    return kind === 'login' && !this.#processors.handles(kind) ? [] : undefined;
  }
}
