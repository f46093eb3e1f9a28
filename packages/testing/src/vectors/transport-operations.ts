import { readPayload } from '@dimp/core';
import {
  decodeHex,
  encodeHex,
  isProtocolError,
  type Json,
  type JsonObject,
  parseJsonObject,
  utf8Decode,
} from '@dimp/foundation';
import {
  automaticReply,
  encodeFrame,
  FragmentAssembler,
  MtpDecoder,
  type MtpFrame,
  type MtpFrameType,
} from '@dimp/transport-tcp/mtp';
import { text, texts } from './case.ts';
import type { VectorContext, VectorOperations } from './context.ts';
import { open } from './core-operations.ts';
import { makeReader } from './reader.ts';

/** The operations of `transport/`. */
export const transportOperations: VectorOperations = {
  'mtp.encode': (input) => ({
    frame_hex: encodeHex(
      encodeFrame({
        type: text(input, 'type') as MtpFrameType,
        id: decodeHex(text(input, 'id_hex')),
        body: decodeHex(text(input, 'body_hex')),
        ...(input['pages'] === undefined ? {} : { pages: Number(input['pages']) }),
        ...(input['index'] === undefined ? {} : { index: Number(input['index']) }),
      }),
    ),
  }),
  'mtp.decode': (input) => {
    const decoder = new MtpDecoder();
    const frames = texts(input, 'chunks_hex').flatMap((chunk) => decoder.push(decodeHex(chunk)));
    return { frames: frames.map(frameReading) };
  },
  'mtp.assemble': (input) => {
    const assembler = new FragmentAssembler({ clock: () => 0 });
    const bodies = texts(input, 'frames_hex')
      .map((frame) => assembler.add(onlyFrame(frame)))
      .filter((body) => body !== undefined);
    return { bodies_hex: bodies.map(encodeHex) };
  },
  'mtp.respond': (input) => {
    const reply = automaticReply(onlyFrame(text(input, 'frame_hex')));
    return { frame_hex: reply === undefined ? null : encodeHex(encodeFrame(reply)) };
  },
  'payload.read': (input) => payloadReading(text(input, 'payload_utf8')),
  'capture.mtp': async (input, context) => {
    const frame = onlyFrame(text(input, 'frame_hex'));
    const messages = await captured(frame.body, context);
    return {
      frame: { ...frameReading(frame), body_utf8: utf8Decode(frame.body) },
      messages,
    };
  },
  'capture.ws': async (input, context) => {
    const payload = text(input, 'payload_utf8');
    return { ...payloadReading(payload), messages: await captured(payload, context) };
  },
};

function onlyFrame(frameHex: string): MtpFrame {
  const frames = new MtpDecoder().push(decodeHex(frameHex));
  const [frame] = frames;
  if (frame === undefined || frames.length !== 1) throw new Error('not one frame');
  return frame;
}

function frameReading({ type, id, body, pages, index }: MtpFrame): JsonObject {
  return {
    type,
    id_hex: encodeHex(id),
    body_hex: encodeHex(body),
    ...(pages === 1 ? {} : { pages, index }),
  };
}

function payloadReading(payload: string): JsonObject {
  const read = readPayload(payload);
  switch (read.kind) {
    case 'messages':
      return { kind: read.kind, messages: read.messages.map((each) => parseJsonObject(each)) };
    case 'ping':
      return { kind: read.kind, reply_utf8: read.reply };
    case 'ack':
      return { kind: read.kind, time: read.time ?? null, signature: read.signature };
    case 'ignored':
      return { kind: read.kind };
  }
}

/** The messages in a recorded payload, each opened by the recorded account that receives it. */
async function captured(
  payload: string | Uint8Array,
  context: VectorContext,
): Promise<readonly JsonObject[]> {
  const read = readCaptured(payload);
  const rig = Object.keys(context.accounts).filter((name) => name.startsWith('rig-'));
  const results: JsonObject[] = [];
  for (const message of read) {
    const { sender, receiver } = context.protocol.parseMessage(message).envelope;
    const nameOf = (entity: string): string | undefined =>
      rig.find((each) => context.protocol.parseID(context.accounts[each]?.id).entity === entity);
    const local = nameOf(receiver.entity);
    const now = Number(parseJsonObject(message)['time']) + 1;
    const input = { local: local ?? rig[0] ?? '', known: rig as Json, now };
    results.push({
      message_utf8: message,
      from: nameOf(sender.entity) ?? null,
      local: local ?? null,
      open: await open(await makeReader(input, context), message),
    });
  }
  return results;
}

function readCaptured(payload: string | Uint8Array): readonly string[] {
  try {
    const read = readPayload(payload);
    return read.kind === 'messages' ? read.messages : [];
  } catch (error) {
    // Answers such as AGAIN are not payloads.
    if (!isProtocolError(error)) throw error;
    return [];
  }
}
