import { decodeBase64, encodeBase64, type JsonObject } from '@dimp/foundation';
import { EntityType } from '@dimp/mkm';
import { expect } from 'vitest';
import { bytesOf, oldMessage } from './old-peer.ts';
import { protocol } from './people.ts';
import { acquaint, World } from './world.ts';

/** What can be seen from outside of what a program does with a message. */
interface Trace {
  /** Number of messages that it sends, and that it hands back to the carrier. */
  readonly sent: number;
  readonly handedBack: number;
  /** Whether it refuses to take the message. */
  readonly thrown: boolean;
}

/**
 * A stranger captures a message of an older program and tries to read it: signs changed copies as their own, and
 * watches what the receiver's program does. Half of the copies open, half of them do not.
 *
 * @returns the different traces of copies that open, and of those that do not
 */
export async function askOracle(queries: number) {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  await acquaint(moki, hulk);
  const eve = await thief();
  await hulk.facebook.saveMeta(eve.meta.wire, eve.id);
  const time = Math.floor(world.time.now() / 1000);
  const opened = new Set<string>();
  const failed = new Set<string>();
  let shown = 0;
  hulk.messenger.on('refused', ({ error }) => expect(error.code).toBe('crypto/decrypt'));
  for (let n = 0; n < queries; n++) {
    const sn = 1_000_000_000 + n;
    const kind = n % 6 < 3 ? '"type":1' : '"type":77';
    // The original was withheld, so its key was never used here.
    const captured = await oldMessage(moki, hulk, {
      text: `{${kind},"sn":${sn},"time":${time},"text":"PIN ${n}"}`,
      time,
    });
    const changed = n % 2 === 0 ? captured : damaged(captured);
    const copy = await signedBy(eve, { ...changed, SDT: time + 1000 });
    const before = hulk.shown.length;
    const trace: Trace = await observe(async () => {
      const handedBack = await hulk.messenger.receivedPackage(bytesOf(copy));
      await hulk.messenger.idle();
      return { sent: hulk.sent.splice(0).length, handedBack: handedBack.length };
    });
    shown += hulk.shown.length - before;
    // The question for a newer visa is asked once, for the first copy: whether that one opens or not.
    if (n < 2) continue;
    (n % 2 === 0 ? opened : failed).add(JSON.stringify(trace));
  }
  return { opened: [...opened], failed: [...failed], shown };
}

async function observe(task: () => Promise<Omit<Trace, 'thrown'>>): Promise<Trace> {
  try {
    return { ...(await task()), thrown: false };
  } catch {
    return { sent: 0, handedBack: 0, thrown: true };
  }
}

/** The last block tells the padding: one bit of the block before it makes it wrong. */
function damaged(wire: JsonObject): JsonObject {
  const data = decodeBase64(String(wire['data']));
  const last = data.length - 17;
  return {
    ...wire,
    data: encodeBase64(data.map((byte, index) => (index === last ? byte ^ 0x80 : byte))),
  };
}

type Thief = Awaited<ReturnType<typeof thief>>;

async function thief() {
  const signer = await protocol.keys.generate('Ed25519');
  const meta = await protocol.metas.generate({ type: '1', signer, seed: 'eve' });
  const id = protocol.metas.makeID(meta, EntityType.User);
  return { id, meta, signer };
}

async function signedBy({ id, signer }: Thief, wire: JsonObject): Promise<JsonObject> {
  const signature = await signer.sign(decodeBase64(String(wire['data'])));
  return { ...wire, sender: id.text, signature: encodeBase64(signature) };
}
