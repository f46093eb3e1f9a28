import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../plan.ts';
import { XMPP_HOST } from '../wires/xmpp.ts';
import { startProgram } from './child.ts';
import { freePort } from './free-port.ts';
import type { Place, Target } from './target.ts';
import { xmppTarget } from './xmpp.ts';

/** ejabberd at this path, with its own database. */
export async function ejabberdTarget(
  control: string,
  plan: Plan,
  { folder, processor }: Place,
): Promise<Target> {
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true });
  const port = await freePort();
  const config = join(folder, 'ejabberd.yml');
  await writeFile(config, configuration(port));
  // Starts the programs directly: the control script would change the user and use the system's folders.
  const script = await readFile(control, 'utf8');
  const child = startProgram(
    /^ERL="?([^"\n]+)/m.exec(script)?.[1] ?? 'erl',
    // One scheduler on one processor that does not spin, no distribution, no input.
    [
      '+S',
      '1',
      '+sbwt',
      'none',
      '+P',
      '250000',
      '-noinput',
      '-mnesia',
      'dir',
      JSON.stringify(data),
      '-s',
      'ejabberd',
    ],
    processor,
    {
      env: {
        ERL_LIBS: /^ERL_LIBS='?([^'\n]+)/m.exec(script)?.[1] ?? '',
        ERL_MAX_PORTS: '32000',
        ERL_CRASH_DUMP: join(folder, 'crash.dump'),
        EJABBERD_CONFIG_PATH: config,
        EJABBERD_LOG_PATH: join(folder, 'ejabberd.log'),
      },
    },
  );
  return xmppTarget('ejabberd', port, child, plan);
}

/** Minimal configuration: no TLS, no federation, no limits, and storage of messages for absent receivers. */
function configuration(port: number): string {
  return `hosts: [${XMPP_HOST}]
loglevel: warning
auth_method: internal
auth_password_format: plain
disable_sasl_mechanisms: [digest-md5, x-oauth2]
max_fsm_queue: 100000
listen:
  - port: ${port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 1048576
    shaper: none
    access: all
    starttls: false
    backlog: 4096
shaper_rules:
  offline_messages:
    - infinity: all
modules:
  mod_disco: {}
  mod_offline: { access_max_user_messages: offline_messages }
  mod_ping: { send_pings: false }
  mod_register: { ip_access: all, access: all, captcha_protected: false }
  mod_roster: {}
registration_timeout: infinity
`;
}
