import { Login, Report } from '@dimp/extensions/commands';
import type { JsonObject } from '@dimp/foundation';
import { EntityType, EVERYONE } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { Line, loginOf, Office, officeOf } from './support/command-fixture.ts';
import { newPerson } from './support/test-users.ts';

describe('a login', () => {
  test('of the user is stored, the newest one wins, it is announced, and it survives a restart', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const changes: string[] = [];
    office.commands.logins.events.on('changed', ({ user, record }) =>
      changes.push(`${user.name} ${record.time}`),
    );
    const at = office.clock.seconds;
    const say = (time: number) =>
      office.replies(moki, loginOf(moki.id, office.id), { receiver: EVERYONE, time });
    expect(await say(at)).toEqual(['Login received.']);
    expect(await say(at)).toEqual(['Login received.']);
    expect(await say(at - 60)).toEqual(['Command expired.']);
    expect(await say(at + 600)).toEqual(['Login received.']);
    expect(changes).toEqual([`moki ${at}`, `moki ${at + 600}`]);
    await office.close();
    const again = await Office.open({ folder: office.folder });
    expect(await again.commands.logins.get(moki.id)).toMatchObject({
      time: at + 600,
      station: again.id,
      command: { command: 'login' },
    });
  });

  test.each([
    ['16 minutes ahead, which would lock out all later ones', 16 * 60],
    ['two days old', -2 * 86_400],
  ])('%s is refused', async (_, offset) => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const time = office.clock.seconds + offset;
    expect(await office.replies(moki, loginOf(moki.id, office.id), { time })).toEqual([
      'Command expired.',
    ]);
    expect(await office.commands.logins.get(moki.id)).toBeUndefined();
  });

  test('in the name of another user is refused, over any connection', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    const office = await officeOf(moki);
    await office.meet(hulk);
    const forged = loginOf(hulk.id, office.id);
    expect(await office.replies(moki, forged)).toEqual(['Permission denied.']);
    const neighbour = new Line(office.id, { neighbour: true });
    expect(await office.replies(moki, forged, { session: neighbour })).toEqual([
      'Permission denied.',
    ]);
    // The user's own message, sent again over the connection of another user, or before a login.
    const own = loginOf(hulk.id, office.id);
    for (const session of [new Line(moki.id), new Line()]) {
      expect(await office.replies(hulk, own, { session })).toEqual(['Permission denied.']);
    }
    expect(await office.commands.logins.get(hulk.id)).toBeUndefined();
  });

  test('through a neighbour names the neighbour, is not answered, and is stored without the members of stations', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const station = await newPerson('station', { network: EntityType.Station });
    const session = new Line(station.id, { neighbour: true });
    const heard = await office.heard(moki, loginOf(moki.id, station.id), {
      session,
      receiver: EVERYONE,
    });
    const wire = {
      ...heard.message.wire,
      traces: [station.id.text],
      recipients: [],
      neighbor: 'x',
    };
    const message = { ...heard.message, wire };
    expect(await office.commands.process({ ...heard, message })).toEqual([]);
    const login = await office.commands.logins.get(moki.id);
    expect(login?.via?.text).toBe(station.id.text);
    expect(login?.station?.text).toBe(station.id.text);
    expect(login?.message).toEqual(heard.message.wire);
  });

  test('without time, or too long to store, is refused', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const timeless = ({ time: _, ...wire }: JsonObject) => wire;
    expect(await office.replies(moki, loginOf(moki.id, office.id), { change: timeless })).toEqual([
      'Command error.',
    ]);
    const long = Login.create({ did: moki.id, agent: 'x'.repeat(20_000) });
    expect(await office.replies(moki, long)).toEqual(['Message too large.']);
  });
});

describe('a report', () => {
  test('changes whether messages are pushed, in the order of the reports’ times, and only for its own connection', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const session = new Line(moki.id);
    const at = office.clock.seconds;
    const say = (title: string, time: number, over = session) =>
      office.replies(moki, Report.create({ title }), { session: over, time });
    expect(await say('offline', at)).toEqual([]);
    expect(await say('online', at + 1)).toEqual(['Online received.']);
    expect(await say('offline', at + 1)).toEqual(['Command expired.']);
    expect(await say('online', at + 3600)).toEqual(['Command error.']);
    expect(session.states).toEqual([false, true]);
    const other = new Line(office.id);
    expect(await say('offline', at + 5, other)).toEqual(['Permission denied.']);
    expect(other.states).toEqual([]);
    expect(await say('broadcast', at + 6)).toEqual(['Command not support.']);
  });

  test('of a push token is stored only if the station uses push tokens, a few for each user', async () => {
    const moki = await newPerson('moki');
    const without = await officeOf(moki);
    const report = (token: string) =>
      Report.create({ title: 'apns', extra: { device_token: token } });
    expect(await without.replies(moki, report('a'))).toEqual(['Command not support.']);
    const told: string[] = [];
    const office = await officeOf(moki, {
      onPushToken: (user, { token }) => told.push(`${user.name} ${token}`),
    });
    for (let each = 0; each < 10; each++) {
      expect(await office.replies(moki, report(`token-${each}`))).toEqual([
        'Device token received.',
      ]);
    }
    await office.replies(moki, report('token-5'));
    const tokens = (await office.commands.pushTokens.of(moki.id)).map(({ token }) => token);
    expect(tokens).toEqual([5, 9, 8, 7, 6, 4, 3, 2].map((each) => `token-${each}`));
    expect(told).toHaveLength(11);
    await office.commands.pushTokens.remove(moki.id, 'token-5');
    expect(await office.commands.pushTokens.of(moki.id)).toHaveLength(7);
    const none = Report.create({ title: 'c2dm', extra: { token: 5 } });
    expect(await office.replies(moki, none)).toEqual(['Command error.']);
    expect(await office.replies(moki, report('x'.repeat(5000)))).toEqual(['Command error.']);
    // A token is a secret.
    expect(office.logged.join()).not.toContain('token-');
  });
});
