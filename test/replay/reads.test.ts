import { describe, expect, it } from 'vitest';
import { READS_ALL, readsOf } from '../../src/replay/reads.ts';

const NOTHING = { arguments: false, claims: false, extra: false, confirmation: false, details: false, proof: false };
const of = (rego: string) => readsOf(new Map([['rule.rego', `package custom.rule\n${rego}`]]));

describe('what rules read, by their text', () => {
  it.each([
    ['labels and time', 'satisfied if input.registered.server.labels.tenant == "a"\nx if input.time.hour > 8', {}],
    ['the call but not its arguments', 'x if input.call.tool == "a"', {}],
    ['arguments', 'x if input.call.arguments.amount > 3', { arguments: true }],
    ['arguments in brackets', 'x if input["call"]["arguments"].amount > 3', { arguments: true }],
    ['arguments over a line end', 'x if input.call\n\t.arguments.amount > 3', { arguments: true }],
    ['arguments in a template', 'x := $"{input.call.arguments.a}"', { arguments: true }],
    ['claims', 'x if input.token.claims.acr == "high"', { claims: true }],
    [
      'an alias of a part',
      'import input.token\nx if token.claims.acr',
      { claims: true, confirmation: true, details: true },
    ],
    ['a part as a whole', 'x if object.get(input.call, "arguments", {}) == {}', { arguments: true }],
    ['a computed name', 'x if input.context[name]', { extra: true }],
    ['the whole', 'import input as i\nx if i.call.arguments', READS_ALL],
    ['what a comment says', '# as input.call.arguments\nx if true', {}],
    ['nothing that is only called like it', 'x if my_input.call.arguments', {}],
    ['authorization details', 'x if some d in input.token.authorization_details', { details: true }],
    ['a proof', 'x if input.proof.dpop', { proof: true }],
  ])('%s', (_, rego, expected) => {
    expect(of(rego)).toEqual({ ...NOTHING, ...expected });
  });

  it('without any text: all', () => {
    expect(readsOf(new Map())).toEqual(READS_ALL);
  });
});
