/** An exchange: who may turn a token of one server into a token of another (RFC 8693). */
import { z } from 'zod';
import { clean, issuerKey, key, MAX_CLAIM, scopes } from './values.ts';

const serverKey = key.meta({ description: 'the key of a server of this registry', examples: ['files'] });

export const exchangeShape = {
  from: serverKey,
  to: serverKey,
  client: clean('the client_id that may exchange, 1 to 255 characters without control characters', MAX_CLAIM),
  scopes,
  issuer: issuerKey.optional(),
};
export const exchange = z.strictObject(exchangeShape).meta({
  description: 'a mapping with from, to, client and scopes',
  examples: [{ from: 'hub', to: 'files', client: 'gateway', scopes: ['files:read'] }],
});
