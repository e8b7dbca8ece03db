/** An AuthZEN evaluation in the words of `decide/`: whose token, which server, which call. Decides nothing. */
import type { Ask } from '../../decide/ask.ts';
import type { CallSource } from '../../decision/facts.ts';
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import type { Evaluation } from './schema.ts';

/** Member of a call that names a target of this type. */
const TARGETS: ReadonlyMap<string, 'tool' | 'prompt' | 'uri'> = new Map([
  ['tool', 'tool'],
  ['prompt', 'prompt'],
  ['resource', 'uri'],
]);
const SERVER = 'mcp_server';
const TOKEN = 'access_token';
/** Property of the subject. */
export const CERTIFICATE = 'client_certificate';

/** A well-formed evaluation that is none of an MCP call still is a question, and a decision refuses it. */
export function toAsk({ subject, action, resource, context }: Evaluation): Ask {
  const client_ip = text(context, 'client_ip');
  return {
    // No server has the empty resource.
    server: (resource.type === SERVER ? resource.id : text(resource.properties, 'server')) ?? '',
    ...tokenOf(subject),
    ...proofOf(subject, action),
    ...callOf(action, resource),
    door: 'audgate/authzen',
    ...(context !== undefined && { context: { extra: context, ...(client_ip !== undefined && { client_ip }) } }),
  };
}

function tokenOf({ type, id, properties }: Evaluation['subject']): Pick<Ask, 'token' | 'subject' | 'ambiguous'> {
  const beside = text(properties, TOKEN);
  if (type !== TOKEN) return beside === undefined ? {} : { token: beside, subject: id };
  return beside === undefined
    ? { token: id }
    : { ambiguous: 'carries one access token as subject.id and one beside it' };
}

/** Beside the token, never in `context`: that goes to custom rules and into records. */
function proofOf({ properties }: Evaluation['subject'], action: Evaluation['action']): Partial<Ask> {
  const [scheme, method] = [text(properties, 'scheme'), text(action.properties, 'http_method')];
  const values = properties && own(properties, 'dpop');
  const pem = text(properties, CERTIFICATE);
  const proof = {
    // What is no text is no proof, but it is one value too many beside one.
    ...(Array.isArray(values) && { dpop: values.map((value) => (typeof value === 'string' ? value : '')) }),
    ...(pem !== undefined && { certificate: { form: 'pem' as const, values: [pem] } }),
  };
  return {
    ...(scheme !== undefined && { scheme }),
    ...(method !== undefined && { method }),
    ...(Object.keys(proof).length > 0 && { proof }),
  };
}

function callOf(action: Evaluation['action'], resource: Evaluation['resource']): Pick<Ask, 'source' | 'malformed'> {
  const member = TARGETS.get(resource.type);
  const args = action.properties === undefined ? undefined : own(action.properties, 'arguments');
  const isObject = args === undefined || isJsonObject(args);
  const source: CallSource = {
    kind: 'call',
    method: action.name,
    ...(member !== undefined && { [member]: resource.id }),
    ...(isJsonObject(args) && { arguments: args }),
  };
  if (member === undefined && resource.type !== SERVER) {
    return { source, malformed: 'is for a resource.type that is none of tool, prompt, resource and mcp_server' };
  }
  return isObject ? { source } : { source, malformed: 'holds action.properties.arguments that are no object' };
}

const own = (values: JsonObject, name: string) => (Object.hasOwn(values, name) ? values[name] : undefined);

/** Properties may be anything: what is no text is as good as absent. */
function text(values: JsonObject | undefined, name: string): string | undefined {
  const value = values && own(values, name);
  return typeof value === 'string' ? value : undefined;
}
