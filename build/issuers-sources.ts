/** The part of `docs/issuers.md` about where keys come from, and whom audgate asks instead. */
export const SOURCES = `## Where its keys are

Exactly one of four members says whose signatures, or whose word, counts:

| member | keys come from |
| --- | --- |
| \`jwks_uri\` | this address |
| \`jwks\` | the registry itself |
| \`discovery: true\` | the address that the issuer’s own metadata names |
| \`introspection\` | nowhere: the issuer is asked about each token, which may be opaque |

Addresses are https; http is for this machine only. One that is on a private network, or whose name turns out to be there when
audgate connects, is refused unless the issuer has \`allow_private_network: true\`. One address of several suffices, and
private is whatever is not a host of the Internet: link-local, carrier-grade NAT, unique local, multicast, NAT64 and 6to4 too. No
redirect is followed, no proxy asked that the environment names, no answer above 50 KiB read. What went wrong last stands in
\`/v1/status\` under \`issuers\`, as \`last_error\`.

### Keys that issuers share

Whoever has a private key signs as each issuer in whose set its public half stands. So a token by such a key passes only at
servers that list all of these issuers; at others it is \`issuer_not_trusted\`, although the server trusts the one that it names.
Tenants of one provider often share keys: list them together, or have the provider give each its own. audgate fetches the sets
of all issuers that are not disabled to compare them, waits for the first answer of each once, and tells of what it finds by an
error in the log and \`audgate_alarms_total{kind="key_shared"}\`. What a set that cannot be fetched holds, nobody knows: such an
issuer holds up no other.

### Discovery

\`\`\`yaml
issuers:
  corp:
    issuer: https://login.example.com/tenant
    discovery: true
    algorithms: [ES256]
\`\`\`

Asked are \`https://login.example.com/.well-known/oauth-authorization-server/tenant\` (RFC 8414) and, where the issuer answers that
with anything but 200, \`https://login.example.com/tenant/.well-known/openid-configuration\` (OpenID Connect Discovery). The
\`issuer\` in there must be the registered one byte for byte. Only \`jwks_uri\` is taken from it, and must be an address that the
registry itself could name; an issuer elsewhere can name none on this machine. Algorithms, audiences and all else stay what the
registry says. Metadata and keys are fetched together, and renewed together. Without them its tokens are
\`keys_unavailable\`, as with any key source.

### Introspection

\`\`\`yaml
issuers:
  opaque:
    issuer: https://login.example.com
    introspection:
      endpoint: https://login.example.com/introspect
      # signed: { jwks_uri: https://login.example.com/jwks }   # only answers that it signs (RFC 9701)
    algorithms: [ES256]   # with which it signs its answers; must be there, and says nothing where they are not signed
\`\`\`

A text that has not the three segments of a JWT is asked about (RFC 7662) at a server that lists exactly one such issuer;
\`registry check\` refuses a server that lists two, because an opaque token does not say whose it is. A JWT is asked about where its \`iss\` is such an issuer and the
server lists it, whatever its header says. At all other servers opaque tokens stay \`token_malformed\`, and nobody is shown them.

Each server asks as itself. The registry holds no secrets; the configuration says in which files they are:

\`\`\`yaml
introspection:
  cache_seconds: 10        # 0 to 10; 0 asks for each call
  timeout_ms: 2000
  credentials:
    files:                 # registry key of the server
      client_id: files-server
      method: client_secret_basic     # or client_secret_post
      secret_file: secrets/files      # relative to the configuration; read again for each question
    billing:
      client_id: billing-server
      method: private_key_jwt         # RFC 7523; aud is the issuer
      key_file: secrets/billing.pem
      algorithm: ES256
      key_id: billing-1
\`\`\`

| what the issuer answers | what is decided |
| --- | --- |
| \`"active": true\`, with \`iss\` (the registered one), \`aud\`, \`exp\` and \`client_id\` | as of any token: audience, lifetime (\`iat\` too), scopes, binding (\`cnf\`), actor, revocation, rules |
| any other \`active\`: \`false\`, \`"true"\`, 1, none | \`token_inactive\` |
| active, but one of these four is absent, or ill-formed, or \`iss\` is another | \`claims_invalid\` |
| a \`token_type\` other than Bearer or DPoP | \`token_type_not_allowed\`; DPoP without \`cnf.jkt\` is \`claims_invalid\` |
| of a JWT with \`cnf\`: an answer that does not repeat it | \`claims_invalid\`: the token would lose its binding |
| another status, a redirect, another content type, no JSON, too much, too late, nothing | \`introspection_unavailable\`: 503, nothing is allowed |

To policies and in records such a token has \`type: introspection\`, and no \`algorithm\` and \`key_id\`.

What an issuer said is remembered for \`cache_seconds\`, counted from the question, never beyond \`exp\`, for this issuer, server and
token alone; only that a token is active is remembered. So a token that its issuer withdraws opens a server for 10 seconds more at
most. Signed answers must be of \`typ\` \`token-introspection+jwt\`, from this issuer, for this server’s \`client_id\` or resource, and no
older than \`cache_seconds\`. At most 256 questions to one issuer wait at a time: beyond that, tokens are \`introspection_unavailable\`
at once. Questions are counted as \`audgate_introspections_total\`.

\`audgate decide\` and \`explain\` read no configuration, so that they ask nobody: opaque tokens are \`introspection_unavailable\` there.
In case files the token \`{issuer: opaque, claims: {…}}\` holds what the issuer answers; \`claims: {active: false}\` and
\`keys: unavailable\` show the rest. A shadow with a registry of its own asks nobody either.

`;
