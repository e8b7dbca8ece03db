/**
 * What risk each refusal, rule and misuse event stands against, in the words of published frameworks: the one place that
 * `docs/frameworks.md`, explanations, records and events take it from. A reference says that the refusal lessens this risk,
 * never that the risk is dealt with; a code that lessens none has an empty list (a malformed call is no attack by itself).
 *
 * Identifiers and titles are those of the editions named here. MAESTRO numbers layers, the NIST AI RMF categories: both are
 * given a name that says whose they are.
 */
import type { MisuseKind } from './misuse.ts';
import { CUSTOM_CODE, type FixedCode, isFixedCode, type ReasonCode } from './reasons.ts';

interface FrameworkSource {
  readonly key: string;
  readonly title: string;
  readonly edition: string;
  readonly source: string;
  /** Identifier and title of each entry. */
  readonly entries: readonly (readonly [string, string])[];
}

// biome-ignore format: one entry a line reads as the list that it is
export const FRAMEWORKS = [
  {
    key: 'owasp-agentic', title: 'OWASP Top 10 for Agentic Applications', edition: '2026 (version 1.0, December 2025)',
    source: 'https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/',
    entries: [
      ['ASI01', 'Agent Goal Hijack'],
      ['ASI02', 'Tool Misuse and Exploitation'],
      ['ASI03', 'Identity and Privilege Abuse'],
      ['ASI04', 'Agentic Supply Chain Vulnerabilities'],
      ['ASI05', 'Unexpected Code Execution (RCE)'],
      ['ASI06', 'Memory & Context Poisoning'],
      ['ASI07', 'Insecure Inter-Agent Communication'],
      ['ASI08', 'Cascading Failures'],
      ['ASI09', 'Human-Agent Trust Exploitation'],
      ['ASI10', 'Rogue Agents'],
    ],
  },
  {
    key: 'owasp-mcp', title: 'OWASP MCP Top 10', edition: '2025 (beta, as of April 2026)',
    source: 'https://owasp.org/www-project-mcp-top-10/',
    entries: [
      ['MCP01:2025', 'Token Mismanagement & Secret Exposure'],
      ['MCP02:2025', 'Privilege Escalation via Scope Creep'],
      ['MCP03:2025', 'Tool Poisoning'],
      ['MCP04:2025', 'Software Supply Chain Attacks & Dependency Tampering'],
      ['MCP05:2025', 'Command Injection & Execution'],
      ['MCP06:2025', 'Intent Flow Subversion'],
      ['MCP07:2025', 'Insufficient Authentication & Authorization'],
      ['MCP08:2025', 'Lack of Audit and Telemetry'],
      ['MCP09:2025', 'Shadow MCP Servers'],
      ['MCP10:2025', 'Context Injection & Over-Sharing'],
    ],
  },
  {
    key: 'csa-maestro', title: 'CSA MAESTRO', edition: 'February 2025',
    source: 'https://cloudsecurityalliance.org/blog/2025/02/06/agentic-ai-threat-modeling-framework-maestro',
    entries: [
      ['MAESTRO 1', 'Layer 1: Foundation Models'],
      ['MAESTRO 2', 'Layer 2: Data Operations'],
      ['MAESTRO 3', 'Layer 3: Agent Frameworks'],
      ['MAESTRO 4', 'Layer 4: Deployment and Infrastructure'],
      ['MAESTRO 5', 'Layer 5: Evaluation and Observability'],
      ['MAESTRO 6', 'Layer 6: Security and Compliance (Vertical Layer)'],
      ['MAESTRO 7', 'Layer 7: Agent Ecosystem'],
    ],
  },
  {
    key: 'nist-ai-rmf', title: 'NIST AI Risk Management Framework', edition: '1.0 (NIST AI 100-1, January 2023)',
    source: 'https://doi.org/10.6028/NIST.AI.100-1',
    entries: [
      ['AI RMF GOVERN 1', 'Policies, processes, procedures, and practices related to AI risks are in place, transparent, and implemented effectively'],
      ['AI RMF GOVERN 2', 'Accountability structures are in place'],
      ['AI RMF GOVERN 3', 'Workforce diversity, equity, inclusion, and accessibility processes are prioritized'],
      ['AI RMF GOVERN 4', 'Organizational teams are committed to a culture that considers and communicates AI risk'],
      ['AI RMF GOVERN 5', 'Processes are in place for robust engagement with relevant AI actors'],
      ['AI RMF GOVERN 6', 'Policies and procedures are in place to address AI risks from third-party software and data and other supply chain issues'],
      ['AI RMF MAP 1', 'Context is established and understood'],
      ['AI RMF MAP 2', 'Categorization of the AI system is performed'],
      ['AI RMF MAP 3', 'AI capabilities, targeted usage, goals, and expected benefits and costs are understood'],
      ['AI RMF MAP 4', 'Risks and benefits are mapped for all components of the AI system including third-party software and data'],
      ['AI RMF MAP 5', 'Impacts to individuals, groups, communities, organizations, and society are characterized'],
      ['AI RMF MEASURE 1', 'Appropriate methods and metrics are identified and applied'],
      ['AI RMF MEASURE 2', 'AI systems are evaluated for trustworthy characteristics'],
      ['AI RMF MEASURE 3', 'Mechanisms for tracking identified AI risks over time are in place'],
      ['AI RMF MEASURE 4', 'Feedback about efficacy of measurement is gathered and assessed'],
      ['AI RMF MANAGE 1', 'AI risks based on assessments are prioritized, responded to, and managed'],
      ['AI RMF MANAGE 2', 'Strategies to maximize AI benefits and minimize negative impacts are planned, prepared, implemented, and documented'],
      ['AI RMF MANAGE 3', 'AI risks and benefits from third-party entities are managed'],
      ['AI RMF MANAGE 4', 'Risk treatments, including response and recovery, are documented and monitored regularly'],
    ],
  },
] as const satisfies readonly FrameworkSource[];

export type FrameworkKey = (typeof FRAMEWORKS)[number]['key'];
export type ReferenceId = (typeof FRAMEWORKS)[number]['entries'][number][0];

/** An entry of a framework, in its own words. */
export interface Reference {
  readonly id: ReferenceId;
  readonly framework: FrameworkKey;
  readonly title: string;
}

type References = readonly ReferenceId[];

const ENTRIES: readonly Reference[] = FRAMEWORKS.flatMap(({ key, entries }) =>
  entries.map(([id, title]) => ({ id, framework: key, title })),
);
const BY_ID: ReadonlyMap<ReferenceId, Reference & { readonly rank: number }> = new Map(
  ENTRIES.map((entry, rank) => [entry.id, { ...entry, rank }]),
);

/** Without repetitions, in the order of the frameworks. */
function inOrder(ids: Iterable<ReferenceId>): References {
  const rank = (id: ReferenceId) => BY_ID.get(id)?.rank ?? BY_ID.size;
  return [...new Set(ids)].sort((a, b) => rank(a) - rank(b));
}

/** What every event is against besides its own: that nobody would have noticed. */
function watched(...own: ReferenceId[]): References {
  return inOrder([...own, 'MCP08:2025', 'MAESTRO 5', 'AI RMF MEASURE 3', 'AI RMF MANAGE 4']);
}

/** NIST: MANAGE 1 wherever a known risk is treated at each call; others where they say more. */
const NONE: References = [];
/** Somebody is not who the token says, or nobody in particular. */
const FORGED: References = ['ASI03', 'MCP07:2025', 'MAESTRO 7', 'AI RMF MANAGE 1'];
/** A check that an attacker would get around, without telling by itself who somebody is. */
const BYPASS: References = ['MCP07:2025', 'MAESTRO 6', 'AI RMF MANAGE 1'];
/** A token somewhere else than where it belongs: lateral movement, confused deputy. */
const ELSEWHERE: References = ['ASI03', 'MCP01:2025', 'MCP07:2025', 'MAESTRO 4', 'MAESTRO 7', 'AI RMF MANAGE 1'];
/** A token that opens too long. */
const LIFETIME: References = ['ASI03', 'MCP01:2025', 'MCP02:2025', 'MAESTRO 7', 'AI RMF MANAGE 1'];
/** A token in other hands than those that it was issued to. */
const HELD: References = ['ASI03', 'MCP01:2025', 'MCP02:2025', 'MCP07:2025', 'MAESTRO 7', 'AI RMF MANAGE 1'];
const REPLAYED: References = ['ASI03', 'ASI07', 'MCP01:2025', 'MCP07:2025', 'MAESTRO 7', 'AI RMF MANAGE 1'];
/** Authority that was taken away: how a compromised agent is stopped. */
const REVOKED: References = [
  'ASI03',
  'ASI10',
  'MCP01:2025',
  'MCP07:2025',
  'MAESTRO 7',
  'AI RMF MANAGE 2',
  'AI RMF MANAGE 4',
];
const FOREIGN_ISSUER: References = ['ASI03', 'MCP07:2025', 'MAESTRO 7', 'AI RMF MANAGE 1', 'AI RMF MANAGE 3'];
/** A tool, prompt or resource that nobody opened. */
const UNLISTED: References = ['ASI02', 'MCP07:2025', 'MAESTRO 7', 'AI RMF MAP 3', 'AI RMF MANAGE 1'];
const OVER_SCOPE: References = ['ASI02', 'ASI03', 'MCP02:2025', 'MCP07:2025', 'MAESTRO 7', 'AI RMF MANAGE 1'];
/** A token that would open more than one server, asked for at its source. */
const TOO_WIDE: References = ['ASI03', 'MCP01:2025', 'MCP02:2025', 'MCP07:2025', 'MAESTRO 4', 'AI RMF MANAGE 1'];
const RETARGETED: References = [
  'ASI03',
  'ASI07',
  'MCP02:2025',
  'MCP07:2025',
  'MAESTRO 4',
  'MAESTRO 7',
  'AI RMF MANAGE 1',
];
/** What cannot be checked is not let through. */
const UNCHECKED: References = ['MCP07:2025', 'MAESTRO 6'];

/** By reason code; `custom` stands for all of `custom:<rule>/<code>`: what such a rule is against, only its author knows. */
export const REASON_REFERENCES: Readonly<Record<FixedCode | 'custom', References>> = {
  server_unknown: ['MCP09:2025', 'AI RMF GOVERN 1', 'AI RMF MAP 4'],
  credential_ambiguous: BYPASS,
  scheme_unsupported: NONE,
  call_missing: NONE,
  call_malformed: NONE,
  call_incomplete: NONE,
  header_mismatch: BYPASS,
  token_missing: BYPASS,
  token_malformed: BYPASS,
  token_encrypted: NONE,
  issuer_unknown: FOREIGN_ISSUER,
  issuer_disabled: REVOKED,
  algorithm_not_allowed: FORGED,
  token_type_not_allowed: FORGED,
  claims_invalid: BYPASS,
  key_unknown: FORGED,
  signature_invalid: FORGED,
  token_inactive: REVOKED,
  token_revoked: REVOKED,
  issuer_not_trusted: FOREIGN_ISSUER,
  audience_missing: ELSEWHERE,
  audience_mismatch: ELSEWHERE,
  audience_not_exclusive: ELSEWHERE,
  waiver_expired: ['MCP02:2025', 'AI RMF GOVERN 1', 'AI RMF MANAGE 1'],
  lifetime_missing: LIFETIME,
  token_expired: LIFETIME,
  token_not_yet_valid: BYPASS,
  lifetime_exceeded: LIFETIME,
  actor_not_allowed: ['ASI03', 'ASI07', 'MCP07:2025', 'MAESTRO 7', 'AI RMF MANAGE 1'],
  certificate_missing: HELD,
  certificate_mismatch: HELD,
  token_not_bound: HELD,
  binding_mismatch: HELD,
  token_passthrough: ELSEWHERE,
  proof_missing: HELD,
  proof_invalid: HELD,
  proof_mismatch: HELD,
  proof_replayed: REPLAYED,
  proof_nonce_required: REPLAYED,
  authentication_insufficient: FORGED,
  method_unknown: UNLISTED,
  tool_unknown: UNLISTED,
  prompt_unknown: UNLISTED,
  resource_unknown: UNLISTED,
  task_unknown: UNLISTED,
  arguments_too_large: NONE,
  authorization_details_unknown: OVER_SCOPE,
  rule_not_satisfied: UNCHECKED,
  policy_error: UNCHECKED,
  custom: NONE,
  scope_insufficient: OVER_SCOPE,
  resource_missing: TOO_WIDE,
  resource_multiple: TOO_WIDE,
  resource_unregistered: ['MCP07:2025', 'MCP09:2025', 'AI RMF MAP 4', 'AI RMF MANAGE 1'],
  resource_generic: TOO_WIDE,
  resource_changed: RETARGETED,
  exchange_not_allowed: RETARGETED,
  scope_exceeds_grant: OVER_SCOPE,
  keys_unavailable: UNCHECKED,
  policy_unavailable: UNCHECKED,
  introspection_unavailable: UNCHECKED,
  revocation_unavailable: UNCHECKED,
  replay_store_unavailable: UNCHECKED,
  log_unavailable: ['MCP08:2025', 'MAESTRO 5', 'AI RMF MEASURE 3'],
};

/** By core rule, as explanations name it, those of issuance after their own: what it is against, whether or not it denies. */
export const RULE_REFERENCES: ReadonlyMap<string, References> = new Map([
  ['audience', ELSEWHERE],
  ['authentication', FORGED],
  ['authorization_details', OVER_SCOPE],
  ['delegation', REASON_REFERENCES.actor_not_allowed],
  ['issuer', FOREIGN_ISSUER],
  ['lifetime', LIFETIME],
  ['operation', UNLISTED],
  ['passthrough', ELSEWHERE],
  ['scope', OVER_SCOPE],
  ['sender_constraint', HELD],
  ['issuance.binding', RETARGETED],
  ['issuance.exchange', RETARGETED],
  ['issuance.issuer', inOrder([...FOREIGN_ISSUER, ...REVOKED])],
  ['issuance.scope', OVER_SCOPE],
  ['issuance.target', TOO_WIDE],
]);

export const MISUSE_REFERENCES: Readonly<Record<MisuseKind, References>> = {
  token_elsewhere: watched('ASI03', 'MCP01:2025', 'MCP07:2025', 'MAESTRO 4', 'MAESTRO 7'),
  server_sweep: watched('ASI03', 'ASI10', 'MCP07:2025', 'MAESTRO 4', 'MAESTRO 7'),
  fallback_retry: watched('ASI03', 'ASI10', 'MCP07:2025', 'MAESTRO 4', 'MAESTRO 7'),
  several_gateways: watched('ASI03', 'MCP01:2025', 'MAESTRO 7'),
  passed_through: watched('ASI03', 'MCP01:2025', 'MCP07:2025', 'MAESTRO 4', 'MAESTRO 7'),
  target_rewritten: watched('ASI03', 'ASI07', 'MCP02:2025', 'MCP07:2025', 'MAESTRO 4', 'MAESTRO 7'),
  revoked_in_use: watched('ASI03', 'ASI10', 'MCP01:2025', 'MAESTRO 7'),
};

/** References of a reason's code; of a custom rule's, none. */
export function referencesOf(code: ReasonCode): References {
  if (CUSTOM_CODE.test(code)) return REASON_REFERENCES.custom;
  return isFixedCode(code) ? REASON_REFERENCES[code] : NONE;
}

/** References of a rule by its name in explanations; of a custom rule, none. */
export function referencesOfRule(rule: string): References {
  return RULE_REFERENCES.get(rule) ?? NONE;
}

export function referencesOfMisuse(kind: MisuseKind): References {
  return MISUSE_REFERENCES[kind];
}

/** Of several reasons together, without repetitions, in the order of the frameworks. */
export function referencesOfAll(codes: readonly ReasonCode[]): References {
  return inOrder(codes.flatMap(referencesOf));
}

/** The entry of a framework that an identifier stands for. @throws on an identifier of no framework: a bug */
export function referenceOf(id: ReferenceId): Reference {
  const entry = BY_ID.get(id);
  if (entry === undefined) throw new Error(`${JSON.stringify(id)} is in no framework of src/decision/frameworks.ts`);
  return { id: entry.id, framework: entry.framework, title: entry.title };
}
