/** Where the certificate of a client's TLS connection stands in a request, by how the asker was configured to forward it. */
import type { CertificateForm } from '../config/callers.ts';
import type { ProofSource } from '../decision/facts.ts';

/** Lower case. A header means something only where the one who ended the connection sets it in place of its client's. */
const HEADERS = {
  /** Envoy: `forward_client_cert_details: SANITIZE_SET`. */
  xfcc: 'x-forwarded-client-cert',
  /** nginx: `$ssl_client_escaped_cert`. */
  nginx: 'x-ssl-client-cert',
  /** RFC 9440 §2.2. */
  rfc9440: 'client-cert',
} as const;

type HeaderForm = keyof typeof HEADERS;

/**
 * @param form of the asker; a header of any other form is a client's, and not looked at
 * @param valuesOf all values of a header, by its lower-case name
 */
export function forwardedIn(
  form: CertificateForm,
  valuesOf: (name: string) => readonly string[],
): Pick<ProofSource, 'certificate'> {
  if (!isHeaderForm(form)) return {};
  const values = valuesOf(HEADERS[form]);
  return values.length === 0 ? {} : { certificate: { form, values } };
}

const isHeaderForm = (form: CertificateForm): form is HeaderForm => Object.hasOwn(HEADERS, form);
