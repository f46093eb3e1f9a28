/** Words that a station does not assign as short names, and that a client does not look up (spec §11.10). */
export const RESERVED_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set(
  `all everyone anyone owner founder dkd mkm dimp dim dimt rsa ecc aes des btc eth crypto key symmetric asymmetric public
  private secret password id address meta profile tai document visa bulletin entity user group contact member admin
  administrator assistant main polylogue chatroom social organization company school government department provider
  station thing bot robot message instant secure reliable envelope sender receiver time content forward command history
  keys data signature type serial sn text file image audio video page handshake receipt block mute register suicide
  found abdicate invite expel join quit reset query hire fire resign server client terminal local remote barrack cache
  transceiver ans facebook store messenger root supervisor`.split(/\s+/),
);
