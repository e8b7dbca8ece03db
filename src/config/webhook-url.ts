import { isIPv4 } from 'node:net';

/** https, or http to this machine itself; nothing in it that belongs into a file of its own, as a password. */
export function isWebhookUrl(text: string): boolean {
  if (!/^https?:\/\/[^/]/.test(text) || /[#\s]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  const loopback =
    hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
  return protocol === 'https:' || loopback;
}
