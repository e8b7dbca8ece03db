/**
 * Asks audgate about a request, once and with its whole body; sends it on to its server, or answers in audgate's words.
 * $guarded names the server, in the location's own words: nothing of the request does.
 */

/** Headers of an allow. nginx.conf has a variable for each: $audgate_issuer for x-audgate-issuer. */
const IDENTITY = [
  'x-audgate-issuer',
  'x-audgate-subject',
  'x-audgate-client-id',
  'x-audgate-scopes',
  'x-audgate-actor',
  'x-audgate-server',
  'x-audgate-decision-id',
  'x-audgate-valid-until',
  'x-audgate-identity',
];
/** What a client needs of a refusal. */
const REFUSAL = ['WWW-Authenticate', 'DPoP-Nonce', 'Content-Type', 'Cache-Control', 'Retry-After'];
/** Milliseconds; above the limits of audgate-ask.conf. */
const LIMIT_MS = 5000;
const REFUSED = [400, 401, 403];

async function guard(r) {
  try {
    const server = r.variables.guarded;
    const answer = await ask(r, server);
    const decided = answer.headersOut['x-audgate-decision-id'];
    if (answer.status === 200 && decided && answer.headersOut['x-audgate-server'] === server) {
      IDENTITY.forEach((name) => {
        r.variables[variableOf(name)] = answer.headersOut[name] || '';
      });
      r.variables.audgate_dpop_nonce = answer.headersOut['dpop-nonce'] || '';
      r.internalRedirect(`@${server}`);
    } else if (REFUSED.includes(answer.status) && decided) {
      r.variables.audgate_decision_id = decided;
      refuse(r, answer);
    } else {
      unavailable(r, `it answered ${answer.status}, which is no decision of audgate's`);
    }
  } catch (error) {
    unavailable(r, error.message);
  }
}

const variableOf = (header) => header.slice('x-'.length).replace(/-/g, '_');

/** In time or not at all: nginx itself limits only the time between two reads, and an answer may drip without end. */
function ask(r, server) {
  return new Promise((resolve, reject) => {
    // Cleared, because nginx goes on with a request only when nothing of its script is pending.
    const timer = setTimeout(() => reject(new Error('no answer in time')), LIMIT_MS);
    // The body goes along: a subrequest has its parent's.
    r.subrequest(`/audgate/${server}`, { method: 'POST' }, (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

function refuse(r, answer) {
  REFUSAL.forEach((name) => {
    const value = answer.headersOut[name];
    if (value) r.headersOut[name] = value;
  });
  r.return(answer.status, answer.responseText);
}

/** Nobody decided: closed. */
function unavailable(r, why) {
  r.error(`audgate could not be asked: ${why}`);
  r.headersOut['Retry-After'] = '5';
  r.return(503, 'unavailable\n');
}

export default { guard };
