/** Changes a registry in one place at a time, and asks which case notices. */
import { hasControl } from '../../json/control.ts';
import { isJsonObject } from '../../json/value.ts';
import type { Policy } from '../../policy/policy.ts';
import { loadRegistryValue } from '../../registry/load.ts';
import type { Registry, ServerRecord } from '../../registry/registry.ts';
import { keySources } from '../register.ts';
import { expectedOf, type FrozenCases, noticing, type Registries, registriesOf } from './frozen.ts';
import type { RegistryMutant, Seen } from './registry-mutant.ts';
import { registryMutants } from './registry-mutants.ts';
import type { Score, Survivor } from './score.ts';
import { yamlOf } from './suggestion.ts';

/** A file's cases, and the policy that judges them. */
export interface Judged {
  readonly frozen: FrozenCases;
  readonly policy: Policy;
}

/** @param files those that share one registry, at least one */
export async function mutateRegistry(files: readonly [Judged, ...Judged[]], newId: () => string): Promise<Score> {
  const [{ frozen: first }] = files;
  const original = registriesOf(first.opened).loaded;
  const survivors: Survivor[] = [];
  let noticed = 0;
  let void_ = 0;
  for (const mutant of registryMutants(original, Math.floor(first.opened.now / 1000), seenIn(files, original))) {
    let by: string | null = null;
    let real = true;
    for (const { frozen, policy } of files) {
      const changed = changedBy(mutant, frozen);
      real = changed !== null && !isIdle(mutant, original, changed.loaded);
      if (!real || changed === null) break;
      by = await noticing(frozen, changed, policy, newId);
      if (by !== null) break;
    }
    if (!real) void_ += 1;
    else if (by !== null) noticed += 1;
    else survivors.push(await survivor(mutant, files[0], newId));
  }
  return { noticed, survivors, void: void_ };
}

/** What a registry can list; cases hold ill-formed values too. */
const ACR = /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/;
const MAX_TYPE = 255;

function typesIn(details: unknown): readonly unknown[] {
  return Array.isArray(details) ? details.map((one: unknown) => (isJsonObject(one) ? one.type : undefined)) : [];
}

/** Of tokens as cases describe them. A value that somebody in the registry owns cannot be given to another there. */
function seenIn(files: readonly Judged[], registry: Registry): Seen {
  const claims = files.flatMap(({ frozen }) => frozen.opened.file.cases.map(({ token }) => token?.claims ?? {}));
  const waived = new Set(
    [...registry.servers.values()].flatMap(({ waivers }) => waivers.map(({ audience }) => audience)),
  );
  const isNobodys = (value: string) =>
    value !== '' &&
    !waived.has(value) &&
    registry.ownersOf(value).length === 0 &&
    registry.nearestServer(value) === undefined;
  const rules = files.flatMap(({ frozen }) => [...(frozen.opened.rules?.sources?.values() ?? [])]).join('\n');
  const texts = (values: readonly unknown[]) => [...new Set(values.flat().filter((one) => typeof one === 'string'))];
  return {
    audiences: texts(claims.map(({ aud }) => aud)).filter(isNobodys),
    clients: texts(claims.map(({ client_id }) => client_id)),
    contexts: texts(claims.map(({ acr }) => acr)).filter((acr) => ACR.test(acr)),
    types: texts(claims.flatMap(({ authorization_details: details }) => typesIn(details))).filter(
      (type) => type.length > 0 && type.length <= MAX_TYPE && !hasControl(type),
    ),
    // Names that a rule computes are not found; then nobody is bothered with them.
    readsLabel: (name) => rules.includes(name),
  };
}

/** Its case expects what is decided today: other rules may have their say there too. */
async function survivor(
  { what, place, suggestion, note }: RegistryMutant,
  { frozen, policy }: Judged,
  newId: () => string,
) {
  const expect = (await expectedOf(suggestion, frozen, policy, newId)) ?? suggestion.expect;
  return { what, place, case: yamlOf({ ...suggestion, expect }, note) };
}

/** Null: no such registry can be loaded. */
function changedBy({ change }: RegistryMutant, { opened }: FrozenCases): Registries | null {
  if (change.kind === 'audience') {
    const { loaded, keyless } = registriesOf(opened);
    return { loaded: accepting(loaded, change), keyless: accepting(keyless, change) };
  }
  const sources = keySources(opened.registered.keys);
  const load = (replaceKeySource: (typeof sources)[keyof typeof sources]) =>
    loadRegistryValue(change.value, { now: opened.now / 1000, replaceKeySource, file: 'mutant' });
  const loaded = load(sources.loaded);
  const keyless = load(sources.keyless);
  return loaded.ok && keyless.ok ? { loaded: loaded.registry, keyless: keyless.registry } : null;
}

/** The same call needs as many scopes as before: the method asks for what its target no longer does, or the reverse. */
function isIdle({ probe }: RegistryMutant, before: Registry, after: Registry): boolean {
  if (probe === undefined) return false;
  const needed = (registry: Registry) => registry.servers.get(probe.server)?.operation(probe.call)?.scopes.length;
  return needed(before) === needed(after);
}

function accepting(
  registry: Registry,
  { server: key, audiences }: { readonly server: string; readonly audiences: readonly string[] },
): Registry {
  const widened = (record: ServerRecord): ServerRecord =>
    record.key !== key
      ? record
      : {
          ...record,
          audiences: [...record.audiences, ...audiences],
          inputFor: (issuer) => {
            const input = record.inputFor(issuer);
            return { ...input, audiences: [...input.audiences, ...audiences] };
          },
        };
  const each = (records: ReadonlyMap<string, ServerRecord>) =>
    new Map([...records].map(([name, record]) => [name, widened(record)]));
  return { ...registry, servers: each(registry.servers), serverByResource: each(registry.serverByResource) };
}
