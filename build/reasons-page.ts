/** The text of `docs/reasons.md`. */
import { REASONS, type Wire } from '../src/decision/reasons.ts';

/** What a client sees of each wire form. */
const WIRES: Readonly<Record<Wire, string>> = {
  forbidden: '403, no challenge header',
  invalid_request: '400 `invalid_request`',
  unauthenticated: '401, no error',
  invalid_token: '401 `invalid_token`',
  invalid_dpop_proof: '401 `invalid_dpop_proof`, scheme DPoP',
  use_dpop_nonce: '401 `use_dpop_nonce`, scheme DPoP',
  insufficient_user_authentication: '401 `insufficient_user_authentication`',
  insufficient_scope: '403 `insufficient_scope`',
  invalid_target: 'issuance: `invalid_target`',
  invalid_scope: 'issuance: `invalid_scope`',
  unavailable: '503, indeterminate',
};

export function reasonsPage(): string {
  const rows = REASONS.map(({ code, wire, summary, remedy }) => {
    const name = code === 'custom' ? 'custom:<rule>/<code>' : code;
    return `| \`${name}\` | ${WIRES[wire]} | ${cell(summary)} | ${cell(remedy)} |`;
  });
  return `# Reason codes

<!-- Written by \`npm run generate\` from src/decision/reasons.ts; edit that file. -->

A decision has four stages: the server, the call, the token and the policy. The first that refuses ends it. Of the token,
its first failure alone is told, because nothing behind it can be trusted; of every other stage, all that it found, in the
order of this table. The first reason sets the challenge: the status and the \`WWW-Authenticate\` header that the gateway
sends its client. A decision is indeterminate only if no reason denies. The list is closed: a code that does not stand here
is never sent. Codes marked *issuance* are those of \`/v1/issuance/decide\`, whose refusals have an OAuth error in place of
a challenge.

| code | challenge | what is wrong | what to do |
| --- | --- | --- | --- |
${rows.join('\n')}

\`waiver_expired\` always stands beside the reason that the waiver no longer covers, and never sets the challenge.
\`rule_not_satisfied\` carries the rule's name in \`rule\`. Codes of custom rules follow \`custom:<rule>/<code>\`; both parts
match \`^[a-z][a-z0-9_]*$\`.
`;
}

const cell = (text: string) => text.replaceAll('|', '\\|');
