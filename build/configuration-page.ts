/** The text of `docs/configuration.md`: the tables from the schemas, and what no schema says. */
import { configJsonSchema } from '../src/config.ts';
import { registryJsonSchema } from '../src/registry/schema.ts';
import { MEANINGS } from './registry-meanings.ts';
import { type Row, rowsOf } from './schema-rows.ts';

/** @throws when a member of the registry has no meaning written down, or a meaning has no member */
export function configurationPage(): string {
  const config = rowsOf(configJsonSchema()).filter(({ description }) => description !== '');
  return `# Configuration and registry

<!-- Written by \`npm run generate\` from the schemas and build/configuration-page.ts; edit those. -->

Two files (YAML or JSON): the **configuration** of a service, which only \`serve --config FILE\` needs, and the **registry** of
issuers and servers. Names that are not in these tables are refused, with the nearest that is. Editors complete and check both
with \`schemas/config.schema.json\` and \`schemas/registry.schema.json\`; \`registry check\` says every problem of a registry,
\`serve\` those of a configuration.

## Configuration

\`\`\`yaml
listen: 0.0.0.0:8443
registry: ./registry
callers:
  edge:
    key_sha256: ["95095da4ec9c69a64801b1ffcbb8d88fb468036dd83a78dc260fb566b12fada9"]
    servers: [files, billing]
    may: [decide]
  mesh: { certificate_names: [gateway.mesh.example], servers: "*", may: [decide, explain] }
  prometheus: { certificate_names: [prometheus.mesh.example], servers: [], may: [metrics] }
tls: { certificate: ./tls/cert.pem, key: ./tls/key.pem, client_ca: ./tls/clients.pem }
grpc: { listen: 0.0.0.0:8444 }
\`\`\`

Paths are relative to the file. The flags \`--listen\`, \`--registry\` and \`--bundle\` win over it.

| setting | what it is | default |
| --- | --- | --- |
${config.map((row) => line([code(row.path), `${row.description}${ranged(row)}`, fallback(row)])).join('\n')}

**Callers.** \`may\`: \`decide\` asks for decisions, by every API, adapter and gRPC; \`explain\` asks \`/v1/explain\` and \`/v1/reach\`; \`read\` reads
\`/v1/servers\` and \`/v1/status\`; \`metrics\` reads \`/metrics\`; \`events\` sends security events ([revocation.md](revocation.md)). A caller sends its key as \`X-Audgate-Key\` (over gRPC as metadata
\`x-audgate-key\`), or shows a client certificate that \`tls.client_ca\` verifies; a key of one caller and the certificate of another
are refused. Make a key with \`openssl rand -hex 32\`, its digest with \`printf %s "$KEY" | sha256sum\`, a certificate's with
\`openssl x509 -in cert.pem -outform der | sha256sum\`. Who is refused stands in the log.

**Rotation.** Add the new key's digest beside the old, \`SIGHUP\`, change the gateway, remove the old, \`SIGHUP\`. The same with
\`certificate_sha256\`; what \`tls\` names is read again too. A reload takes registry, bundle, callers and TLS files, all or nothing;
other settings need a restart. Send the signal to audgate itself, not to an \`npm start\` around it, which would end and leave
audgate as it was; \`pgrep -f 'main.[jt]s serve'\` names it.

## Registry

One file, or a folder of them whose keys are unique together. NAME is a key of your own; \`[]\` stands for each of a list.
${registrySection('issuers')}
${registrySection('servers')}
${registrySection('exchanges')}

Open to any valid token are \`initialize\`, \`ping\`, \`server/discover\`, \`logging/setLevel\`, \`notifications/*\` and the lists of tools,
prompts and resources. Tools, prompts and resources are open where they are listed, all other methods where \`methods\` has them.
`;
}

/** Operations of all kinds have the same two members; the meaning of the kind says which. */
const OF_OPERATIONS = /\.(methods|tools|prompts|resources)\.NAME\.|\.unlisted_tools\.|\.jwks\./;

const isOf = (part: string, path: string) => path.startsWith(`${part}.`) || path.startsWith(`${part}[].`);

function registrySection(part: 'issuers' | 'servers' | 'exchanges'): string {
  const rows = rowsOf(registryJsonSchema()).filter(({ path }) => isOf(part, path) && !OF_OPERATIONS.test(path));
  const paths = new Set(rows.map(({ path }) => path));
  const stray = Object.keys(MEANINGS).filter((path) => isOf(part, path) && !paths.has(path));
  if (stray.length > 0) throw new Error(`build/registry-meanings.ts explains what is not there: ${stray.join(', ')}`);
  const told = rows.map((row) => {
    const meaning = MEANINGS[row.path];
    if (meaning === undefined) throw new Error(`build/registry-meanings.ts says nothing of ${row.path}`);
    return line([code(row.path), meaning, row.description.replace(/^"|"$/g, ''), fallback(row)]);
  });
  return `\n| member | what it is for | write | default |\n| --- | --- | --- | --- |\n${told.join('\n')}`;
}

const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const code = (text: string) => `\`${text}\``;
const ranged = ({ range }: Row) => (range === null ? '' : `; ${range}`);

function fallback({ fallback: value, required }: Row): string {
  if (required) return 'must be there';
  return value === null ? 'none' : code(value.replace(/^"(.*)"$/, '$1'));
}
