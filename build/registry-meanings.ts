/**
 * What the members of a registry are for. Their descriptions in the schema say how to write them, which is what a problem
 * shows; this is what a reader of `docs/configuration.md` asks first. Every member has its line here, and no other has.
 */
const OPERATION =
  'scopes that this one needs, all of them, how and when the user must have been authenticated (`authentication`, RFC 9470), ' +
  'and labels that custom rules see';

export const MEANINGS: Readonly<Record<string, string>> = {
  'issuers.NAME.issuer': 'whose tokens: compared with `iss` byte for byte',
  'issuers.NAME.jwks_uri': 'where its keys are fetched; this, `jwks`, `discovery` or `introspection`, exactly one',
  'issuers.NAME.jwks': 'its keys themselves',
  'issuers.NAME.discovery':
    'its metadata says where its keys are: below `issuer`, by RFC 8414 first, then by OpenID Connect; nothing else is taken from there',
  'issuers.NAME.introspection':
    'its tokens may be opaque: it is asked about each (docs/issuers.md), with the credentials of the configuration',
  'issuers.NAME.introspection.endpoint': 'where it is asked',
  'issuers.NAME.introspection.signed':
    'its answers are JWTs that it signs (RFC 9701) with one of `algorithms`; any other answer is none',
  'issuers.NAME.introspection.signed.jwks_uri': 'where the keys of its answers are fetched',
  'issuers.NAME.algorithms':
    'what it signs with; a token of any other is denied. With `introspection`: what it signs its answers with',
  'issuers.NAME.profile': 'what makes it: where its access tokens put each fact (docs/issuers.md)',
  'issuers.NAME.token_types':
    'which `typ` its access tokens have; left out, what the profile says (`at+jwt`; `untyped` for makers that write no `typ`)',
  'issuers.NAME.extra_audiences':
    'what it adds to every `aud`, and what therefore is let pass beside the server’s own; whoever holds such a token can use it there too',
  'issuers.NAME.clock_tolerance_seconds': 'how far its clock and audgate’s may differ',
  'issuers.NAME.allow_private_network': 'lets what it names, and what its names resolve to, be a private address',
  'issuers.NAME.disabled': 'denies all its tokens at once',
  'servers.NAME.resource':
    'the server’s identity: what clients ask tokens for, what stands in `aud`, what a question to audgate names',
  'servers.NAME.audiences': 'what else in `aud` means this server',
  'servers.NAME.audiences[].value': 'an identifier that is no http(s) URL, like `api://…`',
  'servers.NAME.audiences[].issuer': 'in whose tokens it counts',
  'servers.NAME.issuers': 'whose tokens open it',
  'servers.NAME.max_lifetime_seconds': 'how long a token may live, from `iat` to `exp`',
  'servers.NAME.advertised_scopes': 'what clients are told to ask for at first',
  'servers.NAME.sender_constraint':
    'what tokens must be bound to: a DPoP key, a client certificate, or `any` of the two; a binding in a token is enforced anyway',
  'servers.NAME.actors': 'who may act for the subject of a token (`act.sub`, RFC 8693)',
  'servers.NAME.authorization_details_types':
    'which types of authorization details (RFC 9396) it understands; a token that holds any other is denied',
  'servers.NAME.call_from':
    'where adapters read the call: `body`; `headers`, only for servers that themselves refuse a body which differs; or `none`: ' +
    'no call, only token and server are decided',
  'servers.NAME.base_scopes':
    'with `call_from: none`, what every request needs; left out, all scopes that anything of the server needs',
  'servers.NAME.hub':
    'makes it a hub: a gateway whose clients’ tokens name it, and that calls other servers with tokens of its own (docs/hubs.md)',
  'servers.NAME.hub.backends':
    'the servers behind it: a tool or prompt whose name begins so is that server’s, without prefix; no prefix begins another, and no backend is a hub',
  'servers.NAME.scope_implies': 'scopes that stand for others too, transitively',
  'servers.NAME.methods':
    'opens a method, or adds scopes to one that is open; also `tasks/*`, `completion/complete`, `subscriptions/listen`, and ' +
    '`http/get`, `http/delete`, `rpc/response` for requests without a call in them. By exact name',
  'servers.NAME.tools': `tools, by exact name: ${OPERATION}`,
  'servers.NAME.prompts': `prompts, by exact name: ${OPERATION}`,
  'servers.NAME.resources': `resources, by URI or a prefix that ends in \`*\`: ${OPERATION}`,
  'servers.NAME.unlisted_tools':
    'whether tools that are not listed are open, and with which scopes and `authentication`',
  'servers.NAME.labels': 'attributes of the server, for custom rules',
  'servers.NAME.waivers': 'what is let through for a while, until it is put right',
  'servers.NAME.waivers[].what': '`audience`: another `aud`; `lifetime`: a longer life; `observe`: told, not denied',
  'servers.NAME.waivers[].issuer': 'in whose tokens',
  'servers.NAME.waivers[].client_id': 'for which client',
  'servers.NAME.waivers[].operations': 'for which calls, like `tools/call read_file`',
  'servers.NAME.waivers[].owner': 'who puts it right',
  'servers.NAME.waivers[].reason': 'why it is needed',
  'servers.NAME.waivers[].until': 'its end, at most 90 days ahead; 30 with `what: observe`',
  'servers.NAME.waivers[].audience': 'with `what: audience`: the whole `aud` that is let through',
  'servers.NAME.waivers[].max_lifetime_seconds': 'with `what: lifetime`: instead of the server’s',
  'servers.NAME.waivers[].codes':
    'with `what: observe`: the codes that are told in `advice.would_deny`, and do not deny',
  'exchanges[].from': 'whose tokens are exchanged (docs/issuance.md)',
  'exchanges[].to': 'what for',
  'exchanges[].client': 'who exchanges',
  'exchanges[].scopes': 'all that the new token may have',
  'exchanges[].issuer': 'who issues it; may be left out where `to` lists one issuer',
};
