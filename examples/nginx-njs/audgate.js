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
const REFUSAL = ['WWW-Authenticate', 'Content-Type', 'Cache-Control', 'Retry-After'];
/** Milliseconds; above the limits of audgate-ask.conf. */
const LIMIT_MS = 5000;
const REFUSED = [400, 401, 403];

async function guard(r) {
  try {
    const server = r.variables.guarded;
    // The body goes along: a subrequest has its parent's.
    const answer = await Promise.race([r.subrequest(`/audgate/${server}`, { method: 'POST' }), tooLate()]);
    const decided = answer.headersOut['x-audgate-decision-id'];
    if (answer.status === 200 && decided && answer.headersOut['x-audgate-server'] === server) {
      IDENTITY.forEach((name) => {
        r.variables[variableOf(name)] = answer.headersOut[name] || '';
      });
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

/** nginx limits the time between two reads only: an answer that drips has no end of its own. */
const tooLate = () => new Promise((_, reject) => setTimeout(() => reject(new Error('no answer in time')), LIMIT_MS));

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
