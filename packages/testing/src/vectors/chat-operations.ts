import {
  fingerprint,
  formatLink,
  formatQrText,
  type KeyedID,
  type Link,
  linkMac,
  parseLink,
  safetyNumber,
} from '@dimp/chat/links';
import { queryTermsOf, termsOf } from '@dimp/chat/search';
import { createProtocol, type Protocol } from '@dimp/core';
import { chat, refOf } from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';
import { encodeBase64, type Json, type JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { object, text } from './case.ts';
import { mergeOperation } from './chat-merge.ts';
import type { VectorContext, VectorOperations } from './context.ts';

const protocol = createProtocol(standard(), chat()) as unknown as Protocol;

/** The operations of `chat/`, for a {@link VectorRunner}. */
export const chatOperations: VectorOperations = {
  'chat.ref': (input) => ({
    ref: refOf({
      sender: protocol.parseID(input['sender']),
      sn: Number(input['sn']),
      time: Number(input['time']),
    }),
  }),
  'chat.parse': (input) => {
    const { kind, body, sn, time, group } = protocol.contents.parse(object(input, 'content'));
    const draft = { kind, body, ...(group === undefined ? {} : { group }) };
    const stamp = protocol.contents.stamp as (
      draft: object,
      options: object,
    ) => { wire: JsonObject };
    const written = kind === 'unknown' ? {} : stamp(draft, { sn, time: time ?? 0 }).wire;
    return { kind, body: plain(body), wire: written };
  },
  'chat.merge': (input) => mergeOperation(protocol, input),
  'search.terms': (input) => ({ terms: [...termsOf(text(input, 'text'))].sort() }),
  'search.query': (input) => {
    const { terms, prefix } = queryTermsOf(text(input, 'query'));
    return { terms: [...terms], prefix: prefix ?? null };
  },
  'link.fingerprint': (input, context) => ({ fp: fingerprint(keyed(input, 'account', context)) }),
  'link.safety': (input, context) => ({
    number: safetyNumber(keyed(input, 'a', context), keyed(input, 'b', context)),
  }),
  'link.mac': (input) => {
    const [guest, inviter] = [protocol.parseID(input['guest']), protocol.parseID(input['inviter'])];
    const group = input['group'];
    const use = { guest, inviter, ...(group ? { group: protocol.parseID(group) } : {}) };
    return { mac: linkMac(text(input, 'token'), use) };
  },
  'link.parse': (input) => {
    const link = parseLink(text(input, 'text'), protocol.addresses);
    return { link: plain(link), uri: formatLink(link), qr: qrText(link) };
  },
};

function qrText(link: Link): Json {
  return formatQrText(link);
}

function keyed(input: JsonObject, name: string, { accounts }: VectorContext): KeyedID {
  const account = accounts[text(input, name)];
  if (account === undefined) throw new TypeError(`no account "${text(input, name)}"`);
  const { key } = protocol.metas.parse(account.meta);
  return { id: protocol.parseID(account.id), key };
}

/** A value with IDs as text and bytes as Base64. */
function plain(value: unknown): Json {
  if (value instanceof Uint8Array) return encodeBase64(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value as Json;
  if (isID(value)) return value.text;
  if ('wire' in value) return plain(value.wire);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

function isID(value: object): value is ID {
  return 'entity' in value && 'text' in value && 'address' in value;
}
