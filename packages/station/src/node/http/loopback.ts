/** Names that a program on this machine calls it by, as a Host header has them (RFC 9110 §7.2), with or without a port. */
const LOCAL_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d{1,5})?$/i;

/**
 * Whether a request names this machine itself. A web page of somebody else can make a browser on this machine ask under a name
 * of theirs that stands for 127.0.0.1 (DNS rebinding); the page would read the answer.
 */
export function namesLoopback(host: string | undefined): boolean {
  return host !== undefined && LOCAL_HOST.test(host);
}

/** Whether a connection comes from this machine. */
export function isLoopback(address: string): boolean {
  return /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/i.test(address);
}
