/**
 * Operations of the vectors of `@dimp/chat`, for the runner of `@dimp/testing/vectors`.
 *
 * @module
 */
export { chatOperations } from './vectors/chat-operations.ts';
