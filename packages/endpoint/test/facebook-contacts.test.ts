import { memoryStore } from '@dimp/core/memory';
import type { ID } from '@dimp/mkm';
import { failingStore } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { Facebook } from '../src/index.ts';
import { newUser, protocol } from './people.ts';

const fast = { algorithm: 'ECC', metaType: '4' } as const;

/** IDs of unknown people. */
function strangers(count: number, like: ID): readonly ID[] {
  return Array.from({ length: count }, (_, n) => protocol.parseID(`s${n}@${like.address.text}`));
}

describe('contacts', () => {
  test('are added one by one, keep their remarks, and are replaced at once', async () => {
    const { facebook, user } = await newUser('moki', fast);
    const [hulk, bruce, tony] = strangers(3, user.id);
    if (!hulk || !bruce || !tony) expect.unreachable();
    const changes: string[] = [];
    facebook.events.on('contactsChanged', (event) => changes.push(event.user.text));
    await Promise.all([
      facebook.addContact(user.id, hulk, { remark: 'green' }),
      facebook.addContact(user.id, bruce),
    ]);
    // Once more changes nothing; another remark does; an empty one is none.
    await facebook.addContact(user.id, hulk);
    expect(await facebook.contact(user.id, hulk)).toEqual({ id: hulk, remark: 'green' });
    await facebook.addContact(user.id, bruce, { remark: 'angry' });
    await facebook.addContact(user.id, bruce, { remark: '' });
    expect(await facebook.contact(user.id, bruce)).toEqual({ id: bruce });
    expect((await facebook.contacts(user.id)).map(String)).toEqual([hulk.text, bruce.text]);
    await facebook.saveContacts(user.id, [tony, hulk, tony]);
    expect((await facebook.contacts(user.id)).map(String)).toEqual([hulk.text, tony.text]);
    expect(await facebook.contact(user.id, hulk)).toMatchObject({ remark: 'green' });
    expect(await facebook.contact(user.id, bruce)).toBeUndefined();
    await facebook.removeContact(user.id, hulk);
    await facebook.removeContact(user.id, hulk);
    expect((await facebook.contacts(user.id)).map(String)).toEqual([tony.text]);
    expect(new Set(changes)).toEqual(new Set([user.id.text]));
    expect(changes).toHaveLength(8);
  });

  test('belong to one user', async () => {
    const { facebook, user } = await newUser('moki', fast);
    const { user: other } = await newUser('hulk', fast);
    await facebook.addContact(user.id, other.id);
    expect(await facebook.contacts(other.id)).toEqual([]);
    await facebook.saveContacts(other.id, []);
    expect(await facebook.contacts(user.id)).toHaveLength(1);
  });

  test('adding the ten thousandth writes one record and reads one', async () => {
    const inner = memoryStore();
    const { user } = await newUser('moki', fast);
    const everybody = strangers(10_000, user.id);
    await new Facebook({ protocol, store: inner }).saveContacts(user.id, everybody.slice(1));
    const store = failingStore(inner, 1);
    let bytes = 0;
    const counting = {
      ...store,
      list: () => expect.unreachable('lists the others'),
      compareAndSet: (...change: Parameters<typeof store.compareAndSet>) => {
        bytes += change[2]?.length ?? 0;
        return store.compareAndSet(...change);
      },
    };
    const [last] = everybody;
    if (!last) expect.unreachable();
    await new Facebook({ protocol, store: counting }).addContact(user.id, last);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(200);
    expect(await new Facebook({ protocol, store: inner }).contacts(user.id)).toHaveLength(10_000);
  });

  test('stay as they were if replacing them fails', async () => {
    const inner = memoryStore();
    const { user } = await newUser('moki', fast);
    const [a, b, c] = strangers(3, user.id);
    if (!a || !b || !c) expect.unreachable();
    const facebook = new Facebook({ protocol, store: failingStore(inner, 2) });
    await facebook.addContact(user.id, a);
    await facebook.addContact(user.id, b);
    await expect(facebook.saveContacts(user.id, [c])).rejects.toMatchObject({
      code: 'store/quota',
    });
    expect((await facebook.contacts(user.id)).map(String)).toEqual([a.text, b.text]);
  });
});
