import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../plan.ts';
import { XMPP_HOST } from '../wires/xmpp.ts';
import { startProgram } from './child.ts';
import { freePort } from './free-port.ts';
import type { Place, Target } from './target.ts';
import { xmppTarget } from './xmpp.ts';

/** Prosody with its own storage in files. */
export async function prosodyTarget(plan: Plan, { folder, processor }: Place): Promise<Target> {
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true });
  const port = await freePort();
  const config = join(folder, 'prosody.cfg.lua');
  await writeFile(config, configuration(data, join(folder, 'prosody.log'), port));
  const child = startProgram('prosody', ['-F', '--config', config], processor);
  return xmppTarget('Prosody', port, child, plan);
}

/** Minimal configuration: no TLS, no federation, no limits, and storage of messages for absent receivers. */
function configuration(data: string, log: string, port: number): string {
  return `run_as_root = true
daemonize = false
data_path = ${JSON.stringify(data)}
pidfile = ${JSON.stringify(join(data, 'prosody.pid'))}
log = { warn = ${JSON.stringify(log)} }
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
modules_enabled = { "roster", "saslauth", "disco", "ping", "register_ibr", "offline" }
modules_disabled = { "s2s", "tls", "posix_daemonize" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
allow_registration = true
authentication = "internal_plain"
storage = "internal"
network_backend = "epoll"
network_settings = { tcp_backlog = 4096 }
VirtualHost "${XMPP_HOST}"
`;
}
