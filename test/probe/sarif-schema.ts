/**
 * What SARIF 2.1.0 requires of the part that a probe writes, with nothing beside it: each object is closed, so that a member
 * which the standard does not have at that place is noticed. Section numbers are those of the standard.
 */
const closed = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});
const text = { type: 'string', minLength: 1 };
const list = (items: object, more: object = {}) => ({ type: 'array', items, ...more });
const id = { type: 'string', pattern: '^[a-z][a-z-]*[a-z]$' };
const level = { enum: ['none', 'note', 'warning', 'error'] };
/** §3.11, §3.12: plain text is always there. */
const message = closed({ text }, ['text']);
const multiformat = closed({ text, markdown: text }, ['text']);
const location = closed({
  physicalLocation: closed(
    {
      artifactLocation: closed({ uri: { type: 'string', format: 'uri-reference', minLength: 1 } }, ['uri']),
      region: closed({ startLine: { type: 'integer', minimum: 1 } }, ['startLine']),
    },
    ['artifactLocation'],
  ),
  logicalLocations: list(closed({ fullyQualifiedName: text, kind: text })),
});

/** §3.49 */
const rule = closed(
  {
    id,
    name: { type: 'string', pattern: '^[A-Z][A-Za-z]*$' },
    shortDescription: multiformat,
    fullDescription: multiformat,
    help: multiformat,
    defaultConfiguration: closed({ level }),
    properties: closed({ tags: list(text), 'security-severity': { type: 'string', pattern: '^\\d+\\.\\d$' } }),
  },
  ['id'],
);

/** §3.27: `level` is none unless `kind` is fail (§3.27.10). */
const result = {
  ...closed(
    {
      ruleId: id,
      ruleIndex: { type: 'integer', minimum: 0 },
      kind: { enum: ['notApplicable', 'pass', 'fail', 'review', 'open', 'informational'] },
      level,
      message,
      locations: list(location, { minItems: 1 }),
      partialFingerprints: { type: 'object', additionalProperties: text },
    },
    ['message'],
  ),
  anyOf: [
    { properties: { kind: { const: 'fail' }, level: { enum: ['note', 'warning', 'error'] } } },
    { properties: { level: { const: 'none' } } },
  ],
};

/** §3.20, §3.58 */
const invocation = closed(
  {
    executionSuccessful: { type: 'boolean' },
    toolExecutionNotifications: list(
      closed(
        {
          level,
          message,
          locations: list(location),
          associatedRule: closed({ id, index: { type: 'integer', minimum: 0 } }),
        },
        ['message'],
      ),
    ),
  },
  ['executionSuccessful'],
);

export const SARIF_SCHEMA = closed(
  {
    $schema: { type: 'string', format: 'uri' },
    version: { const: '2.1.0' },
    runs: list(
      closed(
        {
          tool: closed(
            { driver: closed({ name: text, version: text, rules: list(rule, { uniqueItems: true }) }, ['name']) },
            ['driver'],
          ),
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          invocations: list(invocation),
          results: list(result),
        },
        ['tool'],
      ),
      { minItems: 1 },
    ),
  },
  ['version', 'runs'],
);
