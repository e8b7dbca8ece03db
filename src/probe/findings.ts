/** What of a report is wrong, one entry each: what JUnit, SARIF and the exit code are made of. */
import type { Source } from '../registry/registry.ts';
import type { Check, IssuerReport, ServerReport, Target } from './report.ts';
import { RULES, type RuleId, ruleOf } from './rules.ts';

export interface Report {
  readonly servers: readonly ServerReport[];
  readonly issuers: readonly IssuerReport[];
}

export interface Finding {
  /** `unclear`: nobody can say; it is no finding of a fault, and no clean bill either. */
  readonly state: 'wrong' | 'unclear' | 'not_sent';
  readonly rule: RuleId;
  /** Registry key. */
  readonly of: { readonly kind: 'server' | 'issuer'; readonly key: string };
  readonly source: Source;
  readonly message: string;
  /** Only of `not_sent`. */
  readonly could?: boolean;
  readonly failed?: boolean;
}

export const TARGET_RULES: Readonly<Record<Target, RuleId>> = {
  first: 'issuer-resource-ignored',
  second: 'issuer-resource-ignored',
  unknown: 'issuer-unknown-resource',
  two: 'issuer-two-resources',
  none: 'issuer-default-resource',
};

export function findingsOf({ servers, issuers }: Report): readonly Finding[] {
  return [...servers.flatMap(ofServer), ...issuers.flatMap(ofIssuer)];
}

function ofServer({ server, source, attempts, checks }: ServerReport): readonly Finding[] {
  const of = { kind: 'server' as const, key: server };
  return [
    ...attempts.flatMap(({ kind, verdict, found, could, failed }): readonly Finding[] => {
      const rule = ruleOf(kind);
      const head = `Server "${server}", ${kind}: `;
      if (verdict === 'accepted')
        return [{ state: 'wrong', rule, of, source, message: `${head}${RULES[rule].title} ${found}.` }];
      if (verdict === 'unclear') return [{ state: 'unclear', rule, of, source, message: `${head}unclear: ${found}.` }];
      if (verdict === 'not_sent')
        return [
          {
            state: 'not_sent',
            rule,
            of,
            source,
            message: `${head}not sent: ${found}.`,
            could: could === true,
            failed: failed === true,
          },
        ];
      return [];
    }),
    ...ofChecks(checks, of, source),
  ];
}

function ofChecks(checks: readonly Check[], of: Finding['of'], source: Source): readonly Finding[] {
  return checks.flatMap(({ check, verdict, expected, found }): readonly Finding[] => {
    if (verdict === 'same') return [];
    const said = `Expected ${expected.join(', ') || 'none'}; found ${found.join(', ') || 'none'}.`;
    const name = of.kind === 'server' ? 'Server' : 'Issuer';
    const message = `${name} "${of.key}": ${RULES[check].title} ${said}`;
    return [{ state: verdict === 'differs' ? 'wrong' : 'unclear', rule: check, of, source, message }];
  });
}

function ofIssuer({ issuer, source, attempts, checks }: IssuerReport): readonly Finding[] {
  const of = { kind: 'issuer' as const, key: issuer };
  return [
    ...ofChecks(checks, of, source),
    ...attempts.flatMap(({ target, verdict, found }): readonly Finding[] => {
      if (verdict === 'honoured') return [];
      const rule = TARGET_RULES[target];
      const head = `Issuer "${issuer}", ${target}: `;
      const base = { rule, of, source };
      if (verdict === 'ignored')
        return [{ ...base, state: 'wrong', message: `${head}${RULES[rule].title} ${capital(found)}.` }];
      if (verdict === 'unclear') return [{ ...base, state: 'unclear', message: `${head}unclear: ${found}.` }];
      return [{ ...base, state: 'not_sent', message: `${head}not sent: ${found}.`, could: true }];
    }),
  ];
}

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** Over all servers and issuers; `refused` counts what was honoured too, and `accepted` what was ignored. */
export function countsOf({ servers, issuers }: Report): Readonly<Record<string, number>> {
  const attempts = [...servers, ...issuers].flatMap((one): readonly { readonly verdict: string }[] => one.attempts);
  const count = (verdict: string) => attempts.filter((one) => one.verdict === verdict).length;
  const checks = [...servers, ...issuers].flatMap((one) => one.checks);
  return {
    refused: count('refused') + count('honoured'),
    accepted: count('accepted') + count('ignored'),
    differs: checks.filter(({ verdict }) => verdict === 'differs').length,
    unclear: count('unclear') + checks.filter(({ verdict }) => verdict === 'unclear').length,
    not_sent: count('not_sent'),
  };
}
