/**
 * What a gateway may do otherwise than the suite expects, stated with its reason. The rule above all holds for departures
 * too, and one that is stated but does not happen fails as well.
 */
import { type CallFrom, type Case, type Expectation, each, type GatewayName } from '../cases/case.ts';

export interface Allowed {
  readonly expect: Expectation;
  /** Null: as the case itself expects. */
  readonly because: string | null;
}

interface General {
  readonly gateways: readonly GatewayName[];
  readonly because: string;
  /** Null: this expectation is not touched. */
  readonly change: (expect: Expectation) => Expectation | null;
}

/** Those that hold for many cases alike. */
const GENERAL: readonly General[] = [
  {
    gateways: ['nginx'],
    because:
      'auth_request knows 401 and 403 only: what audgate refuses with 400 is a 403, its challenge kept, its body lost',
    change: (expect) => {
      if (expect.status !== 400 || expect.challenge === undefined) return null;
      const { holds: _, ...rest } = expect;
      return { ...rest, status: 403 };
    },
  },
];

/**
 * What may come of a case, one entry a request in each.
 * @param gateway null: the user's own, for which all that is stated of any gateway may hold
 */
export function allowed(one: Case, callFrom: CallFrom, gateway: GatewayName | null): readonly (readonly Allowed[])[] {
  const requests = each(one.send).length;
  const norm = each(callFrom === 'headers' ? (one.by_headers ?? one.expect) : one.expect);
  if (norm.length !== requests)
    throw new Error(`"${one.name}" has ${requests} requests and ${norm.length} expectations`);
  const asked: readonly Allowed[] = norm.map((expect) => ({ expect, because: null }));
  const special = (one.departures ?? [])
    .filter(({ gateways }) => gateway === null || gateways.includes(gateway))
    .map(({ because, expect }) => each(expect).map((other): Allowed => ({ expect: other, because })));
  if (gateway !== null && special.length > 0) return special;
  const general = GENERAL.filter(({ gateways }) => gateway === null || gateways.includes(gateway)).flatMap((rule) => {
    const changed = asked.map(({ expect }): Allowed => {
      const other = rule.change(expect);
      return other === null ? { expect, because: null } : { expect: other, because: rule.because };
    });
    return changed.some(({ because }) => because !== null) ? [changed] : [];
  });
  if (gateway !== null && general.length > 0) return general;
  return [asked, ...special, ...general];
}
