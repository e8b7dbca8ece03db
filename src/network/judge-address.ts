/** Which addresses a request to an issuer may reach. The registry's lint judges what stands there by the same lists. */
import { isIP } from 'node:net';
import { isLoopbackHost, isPrivateHost } from '../registry/uri.ts';
import { RefusedAddress } from './refused-address.ts';

/** The remedy is the issuer's own field, because only a private network that was meant may be reached. */
const REMEDY = 'compare the name with the registry, or set allow_private_network: true on the issuer if that is meant';

/**
 * The addresses of a name, all of them fit to connect to. One that is not refuses the name: which of them would be taken
 * is not said, and a public name with a private address is a mistake or an attack.
 * @param hostname as the URL has it, without brackets
 * @throws RefusedAddress
 */
export function checkAddresses(hostname: string, addresses: readonly string[], allow_private: boolean): void {
  if (addresses.length === 0) throw new RefusedAddress('its name has no address');
  for (const address of addresses) {
    // What is no address would be looked up again when connecting, and then by nobody's rules.
    if (isIP(address) === 0) throw new RefusedAddress('its name resolves to what is no address');
    const loopback = isLoopbackHost(address);
    if (isLoopbackHost(hostname)) {
      // http is allowed there because nobody else can read it.
      if (!loopback) throw new RefusedAddress('its name stands for this machine, and resolves to another');
    } else if (!allow_private && (loopback || isPrivateHost(address))) {
      throw new RefusedAddress(`its name resolves to an address that is not public: ${REMEDY}`);
    }
  }
}
