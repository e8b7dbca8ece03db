/**
 * The host's own look at what a waiver observes, beside core's: who is meant, which operation, which code, until when. An
 * allow that rests on observing is honoured only as far as this says so too.
 */
import type { PolicyInput } from '../decision/input.ts';
import { OBSERVABLE_CODES } from '../decision/observe.ts';

/** @returns whether a waiver in force lists this code for the call; always false for a token that is good elsewhere */
export function isObserved({ now, call, token, registered }: PolicyInput, code: string): boolean {
  const { issuer, operation, waivers, elsewhere } = registered;
  const name = operation === undefined ? nameOf(call) : operation.name;
  if (elsewhere.length > 0 || name === undefined || !OBSERVABLE_CODES.some((one) => one === code)) return false;
  return waivers.some(
    (waiver) =>
      waiver.what === 'observe' &&
      waiver.issuer === issuer.key &&
      waiver.client_id === token.client_id &&
      waiver.operations.includes(name) &&
      waiver.codes?.includes(code) === true &&
      now < waiver.until_seconds,
  );
}

/** As waivers name an operation that the registry does not open. Undefined for a call that no waiver can name. */
function nameOf(call: PolicyInput['call']): string | undefined {
  const { method, tool, prompt, uri, task, lists = [], uris = [], tasks = [] } = call;
  const targets = [tool, prompt, uri].filter((target) => target !== undefined);
  const listened = [...lists, ...uris, ...tasks];
  if (method.includes(' ') || listened.some((target) => target.includes(' '))) return undefined;
  // The id of a task comes at run time: the waiver is for all of them.
  if (task !== undefined) return targets.length + listened.length === 0 ? method : undefined;
  if (targets.length > 1 || (targets.length === 1 && listened.length > 0)) return undefined;
  return [method, ...targets, ...listened].join(' ');
}
