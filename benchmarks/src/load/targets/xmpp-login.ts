import { XMPP_HOST, type XmppConnection, xmppWire } from '../wires/xmpp.ts';

const STREAM = `<?xml version='1.0'?><stream:stream to='${XMPP_HOST}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
const FEATURES = /<\/stream:features>|<stream:features\/>/;
const ANSWER = /type=['"](result|error)['"]/;
const PASSWORD = 'of the load program';

/** Registers accounts in-band (XEP-0077), all over one connection. */
export async function registerAccounts(port: number, names: readonly string[]): Promise<void> {
  const connection = await xmppWire.connect(port);
  try {
    await connection.ask(STREAM, FEATURES);
    for (const name of names) {
      const answer = await connection.ask(
        `<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>${name}</username><password>${PASSWORD}</password></query></iq>`,
        ANSWER,
      );
      if (!/type=['"]result/.test(answer))
        throw new Error(`the account was not created: ${answer}`);
    }
  } finally {
    connection.close();
  }
}

/** Logs in with SASL PLAIN and binds a resource (RFC 6120). */
export async function loginXmpp(
  port: number,
  name: string,
  resource: string,
): Promise<XmppConnection> {
  const connection = await xmppWire.connect(port);
  await connection.ask(STREAM, FEATURES);
  const secret = Buffer.from(`\0${name}\0${PASSWORD}`).toString('base64');
  const answer = await connection.ask(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`,
    /<success|<failure/,
  );
  if (answer.includes('<failure')) throw new Error(`login refused: ${answer}`);
  await connection.ask(STREAM, FEATURES);
  await connection.ask(
    `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
    ANSWER,
  );
  connection.run();
  return connection;
}
