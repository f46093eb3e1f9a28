/**
 * HTTP answers that a browser neither shows nor runs, bearer tokens, and requests of one connection in turn.
 *
 * @module
 */
export { answer, answerJson, refuse } from './http/answer.ts';
export { bearerMatches } from './http/bearer.ts';
export { RequestTurns } from './http/request-turns.ts';
