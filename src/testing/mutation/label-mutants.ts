/** Mistakes in labels, which nothing but custom rules reads: one is lost, or a limit that stands in one is raised. */
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import { type ListedOperation, listedOperations } from '../../registry/listed.ts';
import type { ServerRecord } from '../../registry/registry.ts';
import { asked, entryOf } from './operation-mutants.ts';
import { PING, type RegistryMutant, type RegistryValue, withMembers } from './registry-mutant.ts';
import { refusedFor, type Suggestion } from './suggestion.ts';

/**
 * @param issuer one of the server's, enabled
 * @param read whether a rule reads a label; of others nothing depends
 */
export function labelMutants(
  server: ServerRecord,
  issuer: string,
  value: RegistryValue,
  read: (label: string) => boolean,
): readonly RegistryMutant[] {
  const { effective } = server;
  const about = { server, issuer, value, read };
  const own = oneMapping(effective.labels, '', PING, (labels) => ({ labels }), about);
  const listed = listedOperations(server).flatMap((operation: ListedOperation) => {
    const entry = entryOf(effective, operation);
    if (entry === null) return [];
    const { name } = operation.operation;
    return oneMapping(entry.value.labels, ` of ${name}`, asked(operation), (labels) => entry.with({ labels }), about);
  });
  return [...own, ...listed];
}

interface About {
  readonly server: ServerRecord;
  readonly issuer: string;
  readonly value: RegistryValue;
  readonly read: (label: string) => boolean;
}

function oneMapping(
  labels: unknown,
  of: string,
  call: Suggestion['call'],
  membersWith: (labels: JsonObject) => JsonObject,
  { server: { key, source }, issuer, value, read }: About,
): readonly RegistryMutant[] {
  if (!isJsonObject(labels)) return [];
  const mutant = (label: string, text: string, changed: JsonObject): RegistryMutant => ({
    what: `${key}: the label ${label}${of} ${text}`,
    place: `${source.file}:${source.line}`,
    change: { kind: 'value', value: withMembers(value, 'servers', key, membersWith(changed)) },
    suggestion: {
      name: `${key}: the label ${label}${of} matters`,
      server: key,
      token: { issuer },
      call,
      expect: refusedFor('rule_not_satisfied', 403),
    },
    note: `Change its call until the label ${label} decides, and write down what is decided.`,
  });
  return Object.entries(labels)
    .filter(([label]) => read(label))
    .flatMap(([label, is]) => {
      const { [label]: _gone, ...others } = labels;
      const raised =
        typeof is === 'number' ? [mutant(label, `is ${is + 1}, not ${is}`, { ...labels, [label]: is + 1 })] : [];
      return [mutant(label, 'is missing', others), ...raised];
    });
}
