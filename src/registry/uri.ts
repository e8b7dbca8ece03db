/**
 * What an identifier's text says: whether it is canonical, whom it comes near. WHATWG normalisation serves to refuse
 * registrations that someone could mistake for each other and to word messages, never to compare a token's audience
 * (RFC 7519 §2, RFC 9728 §6).
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

export interface UriFault {
  readonly message: string;
  readonly remedy: string;
}

/** RFC 3986 §2: unreserved, reserved and percent-encoded characters. */
const URI_TEXT = /^(?:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$/;
/** scheme, authority, path, rest (RFC 3986 appendix B). */
const PARTS = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(.*)$/s;

/** Everything for which a text is refused as a server's `resource`; empty when it may be one. */
export function resourceFaults(resource: string): readonly UriFault[] {
  const [, scheme = '', authority = '', path = ''] = PARTS.exec(resource) ?? [];
  if (!/^https?$/i.test(scheme) || authority === '') {
    return [
      fault(`is no absolute http(s) URI with a host.`, 'Write the URI that clients call, like https://HOST/mcp.'),
    ];
  }
  const faults: UriFault[] = [];
  const add = (found: boolean, message: string, remedy: string) => {
    if (found) faults.push(fault(message, remedy));
  };
  const { host, port, userinfo } = authorityParts(authority);
  add(resource.includes('#'), 'has a fragment (RFC 9728 §1.2).', 'Remove "#" and what follows.');
  add(userinfo !== undefined, 'has a user name or password.', 'Remove everything up to "@".');
  add(resource.includes('*'), 'has a wildcard.', 'Register each server by its own exact URI.');
  add(/\s/.test(resource), 'has whitespace.', 'Remove it, or write it as %20.');
  add(/[\u0000-\u001f\u007f-\u009f]/.test(resource), 'has a control character.', 'Remove it.');
  add(resource.includes('\\'), 'has a backslash.', 'Write "/".');
  add(
    faults.length === 0 && !URI_TEXT.test(resource),
    'has a character that no URI may have (RFC 3986 §2).',
    'Percent-encode it; write an international host in its xn-- form.',
  );
  add(path.split('/').some(isDotSegment), 'has a dot segment.', 'Write the path without "." and "..", encoded or not.');
  add(scheme !== scheme.toLowerCase(), 'has an upper-case scheme.', 'Write the scheme in lower case.');
  add(host !== host.toLowerCase(), 'has an upper-case host.', 'Write the host in lower case.');
  add(host.endsWith('.'), 'has a host with a trailing dot.', 'Remove the dot.');
  const standard = scheme.toLowerCase() === 'https' ? '443' : '80';
  add(port === standard, `names the default port ${standard}.`, `Remove ":${standard}".`);

  const parsed = URL.parse(resource);
  const numeric = parsed !== null && isNumericHost(parsed.hostname);
  const loopback = parsed !== null && isLoopbackHost(parsed.hostname);
  add(
    numeric && !(loopback && parsed.hostname === host),
    'has a numeric host.',
    'Write the host name that the certificate names.',
  );
  add(
    scheme.toLowerCase() === 'http' && !loopback,
    'is http, which anyone on the way can read.',
    'Write https; http is for loopback only.',
  );
  if (faults.length > 0) return faults;
  if (parsed === null) return [fault('is no URI that clients could call.', 'Write it like https://HOST/mcp.')];
  // Whatever else a client would rewrite before it sends it: an empty port, a percent-encoded host.
  const sent = path === '' ? `${parsed.origin}${parsed.search}` : parsed.href;
  const same = sent === resource || (path === '' && parsed.href === resource);
  return same ? [] : [fault('is not canonical: clients would rewrite it.', `Write ${parsed.href}`)];
}

/** A resource that is host only: clients add the slash, and then it is another audience. */
export function isBareOrigin(resource: string): boolean {
  return PARTS.exec(resource)?.[3] === '';
}

export function isHttp(text: string): boolean {
  return /^\s*https?:/i.test(text);
}

/** Everything for which a text is refused as an http(s) URL that audgate itself or a client calls. */
export function urlFaults(text: string, may: { readonly query: boolean }): readonly UriFault[] {
  const parsed = URL.parse(text);
  const [, scheme = '', authority = ''] = PARTS.exec(text) ?? [];
  if (parsed === null || !/^https?$/i.test(scheme) || authority === '') {
    return [fault('is no absolute URL.', 'Write an https URL.')];
  }
  const faults: UriFault[] = [];
  if (parsed.protocol !== 'https:' && !isLoopbackHost(parsed.hostname)) {
    faults.push(fault('is not https.', 'Write an https URL; http is for loopback only.'));
  }
  if (authorityParts(authority).userinfo !== undefined) {
    faults.push(fault('has a user name or password.', 'Remove everything up to "@".'));
  }
  if (text.includes('#')) faults.push(fault('has a fragment.', 'Remove "#" and what follows.'));
  if (!may.query && text.includes('?'))
    faults.push(fault('has a query (RFC 8414 §2).', 'Remove "?" and what follows.'));
  if (faults.length === 0 && !URI_TEXT.test(text)) {
    faults.push(fault('has a character that no URI may have (RFC 3986 §2).', 'Percent-encode it.'));
  }
  return faults;
}

/**
 * The form in which two identifiers that someone could mistake for each other are equal: WHATWG normalisation, then
 * without trailing slashes of path and text. What is no URL stays as it is, but for those slashes.
 */
export function normalised(identifier: string): string {
  const parsed = URL.parse(identifier);
  if (parsed === null) return withoutTrailingSlashes(identifier);
  const [, head = '', tail = ''] = /^([^?#]*)(.*)$/s.exec(parsed.href) ?? [];
  return `${withoutTrailingSlashes(head)}${withoutTrailingSlashes(tail)}`;
}

/** A loop, not a pattern: slashes that are not at the end would make it start anew at each of them, quadratic in all. */
export function withoutTrailingSlashes(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === '/') end--;
  return text.slice(0, end);
}

/** Coarser still, for messages: scheme and case do not count either. */
export function folded(identifier: string): string {
  return normalised(identifier)
    .replace(/^https?:/i, '')
    .toLowerCase();
}

export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || inList(LOOPBACK, hostname);
}

/** Whether a URL's host is an address that only this network reaches. Loopback is not counted: it needs no flag. */
export function isPrivateHost(hostname: string): boolean {
  return !isLoopbackHost(hostname) && inList(PRIVATE, hostname);
}

const LOOPBACK = blocks(['127.0.0.0/8', '::1/128']);
/**
 * Of IPv4: RFC 1918, RFC 6598, RFC 3927, RFC 6890, multicast, reserved and the unspecified. Of IPv6 all but global unicast
 * (RFC 4291 §2.4), so unique local, link-local, multicast, NAT64 and translated addresses too; and of that what is no host of
 * the Internet: IETF's own with Teredo (RFC 2928, RFC 4380), documentation (RFC 3849, RFC 9637), 6to4 (RFC 3056).
 */
const PRIVATE = blocks([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
]);

/** Each family has its own list, because one of IPv6 takes IPv4 addresses for IPv4-mapped ones. */
interface Blocks {
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

function blocks(subnets: readonly string[]): Blocks {
  const lists: Blocks = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const subnet of subnets) {
    const [network = '', prefix = ''] = subnet.split('/');
    const family = isIPv4(network) ? 'ipv4' : 'ipv6';
    lists[family].addSubnet(network, Number(prefix), family);
  }
  return lists;
}

/** An IPv4-mapped address is both; one that names its zone would be found in no list. */
function inList({ ipv4, ipv6 }: Blocks, hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '').replace(/%.*$/s, '');
  if (isIPv4(address)) return ipv4.check(address, 'ipv4');
  return isIPv6(address) && (ipv6.check(address, 'ipv6') || ipv4.check(address, 'ipv6'));
}

/** @param hostname as WHATWG parsing gives it: 0x7f.1 and 2130706433 are dotted by then */
function isNumericHost(hostname: string): boolean {
  return hostname.startsWith('[') || isIPv4(hostname);
}

/** `.` and `..`, also written with %2e. */
function isDotSegment(segment: string): boolean {
  return /^(?:\.|%2e){1,2}$/i.test(segment);
}

function authorityParts(authority: string): { host: string; port: string | undefined; userinfo: string | undefined } {
  const at = authority.lastIndexOf('@');
  const rest = authority.slice(at + 1);
  const [, host = rest, port] = /^(.*?)(?::(\d*))?$/s.exec(rest) ?? [];
  return { host, port, userinfo: at < 0 ? undefined : authority.slice(0, at) };
}

function fault(message: string, remedy: string): UriFault {
  return { message, remedy };
}
