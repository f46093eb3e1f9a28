/** Names of this machine in a Host header (RFC 9110 §7.2), with or without a port. */
const LOCAL_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d{1,5})?$/i;

/**
 * Whether a Host header names this machine. Otherwise a web page could read the answer: it makes a browser on this
 * machine send requests to a domain of its own that resolves to 127.0.0.1 (DNS rebinding).
 */
export function namesLoopback(host: string | undefined): boolean {
  return host !== undefined && LOCAL_HOST.test(host);
}

/** Whether a connection comes from this machine. */
export function isLoopback(address: string): boolean {
  return /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/i.test(address);
}
