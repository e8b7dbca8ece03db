/** Findings in SARIF 2.1.0 (OASIS), as code scanning services read them: where a server or issuer is registered. */
import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Json, JsonObject } from '../json/value.ts';
import type { Finding } from './findings.ts';
import { RULES, type Rule, type RuleId } from './rules.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
/** GitHub's scale: high is 7.0 to 8.9, medium 4.0 to 6.9. */
const SEVERITIES: Readonly<Record<Rule['level'], string>> = { error: '8.0', warning: '4.0' };

/** @param version of this release */
export function sarif(findings: readonly Finding[], version: string): JsonObject {
  const ids = Object.keys(RULES) as RuleId[];
  const shown = findings.filter(({ state }) => state !== 'not_sent');
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'audgate', version, rules: ids.map(describe) } },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: true,
            // What was not tested is no result, and must not look like one that is fine.
            toolExecutionNotifications: findings
              .filter(({ state }) => state === 'not_sent')
              .map((finding) => ({
                level: 'note',
                message: { text: finding.message },
                locations: [locationOf(finding)],
                associatedRule: referTo(finding.rule, ids),
              })),
          },
        ],
        results: shown.map((finding) => resultOf(finding, ids)),
      },
    ],
  };
}

function describe(id: RuleId): Json {
  const { level, title, help } = RULES[id];
  return {
    id,
    name: id.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: `${title} ${help}` },
    help: { text: help, markdown: `**${title}** ${help}` },
    defaultConfiguration: { level },
    properties: { tags: ['security'], 'security-severity': SEVERITIES[level] },
  };
}

function resultOf(finding: Finding, ids: readonly RuleId[]): Json {
  const { rule, state, message, of } = finding;
  const same = createHash('sha256').update(`${rule}\n${of.kind}\n${of.key}`).digest('hex');
  return {
    ruleId: rule,
    ruleIndex: ids.indexOf(rule),
    // SARIF 2.1.0 §3.27.9, §3.27.10: what is no failure has no level.
    ...(state === 'wrong' ? { kind: 'fail', level: RULES[rule].level } : { kind: 'review', level: 'none' }),
    message: { text: message },
    locations: [locationOf(finding)],
    // The same place next week, though lines moved.
    partialFingerprints: { 'audgateProbe/v1': same },
  };
}

const referTo = (id: RuleId, ids: readonly RuleId[]): Json => ({ id, index: ids.indexOf(id) });

function locationOf({ source, of }: Finding): Json {
  return {
    physicalLocation: { artifactLocation: { uri: uriOf(source.file) }, region: { startLine: source.line } },
    logicalLocations: [{ fullyQualifiedName: `${of.kind}s.${of.key}`, kind: 'member' }],
  };
}

/** RFC 3986: relative to where the command was run, as services that know the checkout expect it. */
function uriOf(file: string): string {
  if (isAbsolute(file)) return pathToFileURL(file).href;
  const segments = file.replaceAll('\\', '/').split('/');
  return segments
    .filter((one) => one !== '.' && one !== '')
    .map(encodeURIComponent)
    .join('/');
}
