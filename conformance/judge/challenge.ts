/** Whether an answer carries exactly the challenge that a client needs (RFC 6750 §3, RFC 9728 §5.1, MCP authorization). */
import type { Expectation, ServerKey } from '../cases/case.ts';
import type { Answer } from '../wire/read.ts';

const SCOPES: Readonly<Record<ServerKey, string>> = { files: 'files:read', billing: 'billing:read' };

export interface Asked {
  readonly origin: string;
  readonly server: ServerKey;
  /** What `insufficient_scope` must name. */
  readonly needs: string;
}

/** @returns what is wrong, in words; empty when nothing is */
export function challengeProblems(form: Expectation['challenge'], answer: Answer, asked: Asked): readonly string[] {
  const values = answer.headers.filter(([name]) => name === 'www-authenticate').map(([, value]) => value);
  const [value] = values;
  if (form === undefined) return values.length === 0 ? [] : [`expected no challenge, found ${values.join(' | ')}`];
  if (value === undefined) return [`expected a challenge (${form}), found none`];
  if (values.length > 1) return [`expected one WWW-Authenticate, found ${values.length}`];
  const parameters = new Map([...value.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', text = '']) => [name, text]));
  const wanted: readonly (readonly [string, string | undefined])[] = [
    ['error', form === 'missing' ? undefined : form],
    ['resource_metadata', `${asked.origin}/.well-known/oauth-protected-resource/${asked.server}/mcp`],
    [
      'scope',
      form === 'invalid_request' || form === 'invalid_dpop_proof'
        ? undefined
        : form === 'insufficient_scope'
          ? asked.needs
          : SCOPES[asked.server],
    ],
  ];
  const wrong = wanted.flatMap(([name, text]) =>
    parameters.get(name) === text
      ? []
      : [`expected challenge ${name}=${text ?? 'none'}, found ${parameters.get(name) ?? 'none'}`],
  );
  const scheme = form === 'invalid_dpop_proof' ? 'DPoP' : 'Bearer';
  return value.startsWith(`${scheme} `) ? wrong : [`expected scheme ${scheme}, found ${value}`, ...wrong];
}
