import type { Refusal } from './authorization.ts';
import type { Credential, Guard } from './guard.ts';

/**
 * Wraps the callback of one tool of `@modelcontextprotocol/server`: it runs only if the token of the very request opens the
 * tool with these arguments. For servers whose HTTP layer does not see the call (`call_from: none`, stdio), and for tools
 * whose arguments the schema changes. Else the client gets a result with `isError`, which its model can read.
 * @param credential the token of a session without HTTP; looked at only there
 */
export function protectTool<Given extends readonly unknown[], Result>(
  guard: Guard,
  tool: string,
  callback: (...given: Given) => Result | Promise<Result>,
  credential?: Credential,
): (...given: Given) => Promise<Result | Refusal> {
  return async (...given) => {
    // The SDK calls `(context)` where a tool has no input schema, and `(arguments, context)` where it has one.
    const [args, context] = given.length > 1 ? given : [{}, given[0]];
    const answer = await guard.authorize(holderOf(context, credential), {
      method: 'tools/call',
      tool,
      arguments: args ?? {},
    });
    return answer.allowed ? callback(...given) : answer.refusal;
  };
}

function holderOf(context: unknown, credential: Credential | undefined): object | undefined {
  const http = member(context, 'http');
  if (http === undefined) return credential;
  const authInfo = member(http, 'authInfo');
  return typeof authInfo === 'object' && authInfo !== null ? authInfo : undefined;
}

const member = (value: unknown, name: 'http' | 'authInfo'): unknown =>
  typeof value === 'object' && value !== null && name in value ? (value as Record<string, unknown>)[name] : undefined;
