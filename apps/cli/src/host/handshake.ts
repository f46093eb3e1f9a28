import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { isJsonObject, type JsonObject, ProtocolError, parseJson } from '@dimp/foundation';

/** What a connection is used for. */
export type Service = 'client' | 'profile';

/** What both sides must agree about. */
export interface Terms {
  readonly secret: Uint8Array;
  /** Version of the program: both sides must be of the same, because their messages are no public interface. */
  readonly version: string;
}

/** Version of this handshake. Its messages stay readable for all later ones, so that they can report the difference. */
const HANDSHAKE = 1;
const TIMEOUT_MS = 10_000;
const MAX_LINE_BYTES = 4096;
const NEWLINE = 0x0a;

/**
 * Greets a process that has connected. It must prove that it has read the file of the profile with the secret, as this side does.
 *
 * @returns what it wants to use
 * @throws `policy/unauthorized` for a wrong proof; `unsupported/version`; `transport/` codes
 */
export async function greet(socket: Socket, { secret, version }: Terms): Promise<Service> {
  const own = randomBytes(32).toString('hex');
  send(socket, { dim: HANDSHAKE, nonce: own });
  const { nonce, proof, service, version: theirs } = await receive(socket);
  if (typeof nonce !== 'string' || typeof proof !== 'string') throw notUnderstood();
  if (!isSame(proof, proofOf(secret, 'user', [own, nonce, String(service)]))) {
    throw new ProtocolError('policy/unauthorized', 'the other program has not proven who it is');
  }
  if (service !== 'client' && service !== 'profile') throw notUnderstood();
  if (theirs !== version) {
    send(socket, { version });
    throw otherVersion(String(theirs), version);
  }
  send(socket, { version, proof: proofOf(secret, 'host', [own, nonce, service]) });
  return service;
}

/**
 * Asks the process that has the profile open for a service.
 *
 * @throws `unsupported/version` if it is of another version; `policy/unauthorized` if it is another program; `transport/` codes
 */
export async function ask(
  socket: Socket,
  service: Service,
  { secret, version }: Terms,
): Promise<void> {
  const { nonce } = await receive(socket);
  if (typeof nonce !== 'string') throw notUnderstood();
  const own = randomBytes(32).toString('hex');
  const proof = proofOf(secret, 'user', [nonce, own, service]);
  send(socket, { nonce: own, proof, service, version });
  const answer = await receive(socket);
  if (answer['version'] !== version) throw otherVersion(String(answer['version']), version);
  const theirs = answer['proof'];
  if (
    typeof theirs !== 'string' ||
    !isSame(theirs, proofOf(secret, 'host', [nonce, own, service]))
  ) {
    throw new ProtocolError('policy/unauthorized', 'the other program has not proven who it is');
  }
}

function proofOf(secret: Uint8Array, side: 'user' | 'host', parts: readonly string[]): string {
  return createHmac('sha256', secret)
    .update(['dim', HANDSHAKE, side, ...parts].join('\n'))
    .digest('hex');
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function send(socket: Socket, line: JsonObject): void {
  socket.write(`${JSON.stringify(line)}\n`);
}

/** Reads one line; what follows it stays in the socket. */
function receive(socket: Socket): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    let pieces = Buffer.alloc(0);
    const timer = setTimeout(() => {
      end(new ProtocolError('transport/timeout', 'the other program does not answer'));
    }, TIMEOUT_MS);
    const take = (): void => {
      for (let piece: Buffer | null = socket.read(); piece !== null; piece = socket.read()) {
        pieces = Buffer.concat([pieces, piece]);
        const at = pieces.indexOf(NEWLINE);
        if (at === -1) {
          if (pieces.length > MAX_LINE_BYTES) end(notUnderstood());
          continue;
        }
        const rest = pieces.subarray(at + 1);
        if (rest.length > 0) socket.unshift(rest);
        end(undefined, pieces.subarray(0, at));
        return;
      }
    };
    const closed = (): void => {
      end(new ProtocolError('transport/closed', 'the other program has ended'));
    };
    const end = (error: ProtocolError | undefined, line?: Uint8Array): void => {
      clearTimeout(timer);
      socket.off('readable', take).off('close', closed).off('end', closed);
      if (error !== undefined || line === undefined) {
        reject(error);
        return;
      }
      try {
        const value = parseJson(new Uint8Array(line));
        if (!isJsonObject(value)) throw notUnderstood();
        resolve(value);
      } catch {
        reject(notUnderstood());
      }
    };
    socket.on('readable', take).on('close', closed).on('end', closed);
    take();
  });
}

function notUnderstood(): ProtocolError<'transport/protocol'> {
  return new ProtocolError('transport/protocol', 'the other program cannot be understood');
}

function otherVersion(theirs: string, own: string): ProtocolError<'unsupported/version'> {
  const known = /^[\w.+-]{1,40}$/.test(theirs) ? theirs : 'unknown';
  return new ProtocolError(
    'unsupported/version',
    `the profile is open in a dim of version ${known}, and this is version ${own}: end the other one`,
  );
}
