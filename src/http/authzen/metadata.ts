/** `GET /.well-known/authzen-configuration` (Authorization API 1.0, Policy Decision Point Metadata). */
import { answerJson, type OpenRoute } from '../route.ts';

export const WELL_KNOWN = '/.well-known/authzen-configuration';

/** @param publicUrl where callers reach this service, as configured: never what a request says of itself */
export function createAuthzenMetadata(publicUrl: string | undefined): OpenRoute {
  const base = publicUrl?.replace(/\/$/, '');
  // The well-known part stands between host and path: `https://host/path` has `https://host/.well-known/…/path`.
  const path = base?.replace(/^https?:\/\/[^/]*/, '') ?? '';
  return ({ req }) => {
    if (base === undefined) return NOT_CONFIGURED;
    if (req.path !== WELL_KNOWN && req.path !== `${WELL_KNOWN}${path}`) return NOTHING;
    return answerJson({
      policy_decision_point: publicUrl,
      access_evaluation_endpoint: `${base}/access/v1/evaluation`,
      access_evaluations_endpoint: `${base}/access/v1/evaluations`,
    });
  };
}

const NOT_CONFIGURED = {
  name: 'not_found',
  detail: 'This service does not know its public URL: set public_url in its configuration.',
} as const;
const NOTHING = { name: 'not_found', detail: `No metadata is here: see ${WELL_KNOWN}.` } as const;
