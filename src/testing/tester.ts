/** Decisions in process for tests: a registry, rules, tokens described by their claims, and a clock that stands still. */

import { fileURLToPath } from 'node:url';
import type { ReloadProblem } from '../decide/decider.ts';
import type { Decision } from '../decision/decision.ts';
import { openToolchain } from '../policy/custom.ts';
import { loadPolicy } from '../policy/load.ts';
import { opaAt, whyUnfit } from '../policy/opa.ts';
import { readCore } from '../sources.ts';
import { type CustomRules, readBuiltRules, readCustomRules } from './custom.ts';
import { deciding } from './mutation/frozen.ts';
import { questionOf } from './question.ts';
import { registerKeys } from './register.ts';
import type { Case } from './schema.ts';

export interface TesterOptions {
  /** Registry file or folder, or the plain value of such a file. Generated keys take the place of every issuer's. */
  readonly registry: string | object;
  /** Bundle of custom rules (`audgate policy build`); needs no OPA. */
  readonly bundle?: string;
  /** Folder of custom rules instead, which OPA compiles when the tester is opened. */
  readonly policies?: string;
  /** Path of OPA, for `policies`. Default: `opa`, found on PATH. */
  readonly opa?: string;
  /** The time of all decisions. Default: when the tester is opened. */
  readonly now?: Date;
}

/** What is asked, in the form of a case (`docs/testing.md`). `server`: a registry key, or any other text, which is sent as it is. */
export type Asked = Omit<Case, 'name' | 'expect'>;

export interface Tester {
  /** @throws for what no gateway may ask, and for an issuer that is not in the registry */
  decide(asked: Asked): Promise<Decision>;
  /** The token of such a question, really signed, for those who ask in another way. @throws likewise */
  mint(asked: Asked): Promise<string>;
  /** The token of such a question with the values of its DPoP header, made for it. @throws likewise */
  prove(asked: Asked): Promise<{ readonly token: string; readonly dpop: readonly string[] }>;
}

const POLICIES = fileURLToPath(new URL('../../policies/', import.meta.url));

/** @throws with every problem of registry and rules */
export async function openTester(options: TesterOptions): Promise<Tester> {
  const now = (options.now ?? new Date()).getTime();
  const { registry: written } = options;
  const registered = await registerKeys(
    typeof written === 'string' ? written : { value: written, place: PLACE },
    Math.floor(now / 1000),
  );
  if (!registered.ok) throw unusable(registered.problems);
  const { loaded, keyless, keys } = registered;
  if (!loaded.ok || !keyless.ok) throw new Error('a registry that loaded without keys does not load with them');
  const rules = await rulesOf(options);
  const policied = await loadPolicy({
    core: await readCore(),
    allowModifiedCore: false,
    custom: rules?.module ?? null,
    onAlarm: () => {},
  });
  if (!policied.ok) throw new Error(`the rules cannot be used:\n${policied.problems.join('\n')}`);
  const { policy } = policied;
  const newId = () => crypto.randomUUID();
  const withKeys = deciding({ registry: loaded.registry, policy, now, newId });
  const withoutKeys = deciding({ registry: keyless.registry, policy, now, newId });

  const questioned = async (asked: Asked) => {
    const one: Case = { ...asked, name: 'asked', expect: { decision: 'allow', reasons: [], status: 200 } };
    const question = await questionOf(one, { registry: loaded.registry, keys, now: Math.floor(now / 1000), newId });
    if (typeof question === 'string') throw new Error(question);
    return question;
  };
  const proved = async (asked: Asked) => {
    const { token, proof } = (await questioned(asked)).ask;
    if (typeof token !== 'string') throw new Error('the question has no token; describe one: {issuer: …}');
    return { token, dpop: proof?.dpop ?? [] };
  };
  return {
    async decide(asked) {
      const { ask } = await questioned(asked);
      return asked.keys === 'unavailable' ? withoutKeys(ask, asked) : withKeys(ask, asked);
    },
    async mint(asked) {
      return (await proved(asked)).token;
    },
    prove: proved,
  };
}

/** An object of a program has no lines. */
const PLACE = { origin: { file: 'the registry', locate: () => ({ line: 1, column: 1 }) }, path: [] };

async function rulesOf({ bundle, policies, opa = 'opa' }: TesterOptions): Promise<CustomRules | null> {
  if (bundle !== undefined && policies !== undefined) throw new Error('give bundle or policies, not both');
  if (bundle === undefined && policies === undefined) return null;
  if (policies !== undefined) {
    const unfit = await whyUnfit(opa);
    if (unfit !== null)
      throw new Error(
        `${opa} cannot compile ${policies}: ${unfit}. Build a bundle (audgate policy build), and give it.`,
      );
  }
  const read =
    policies !== undefined
      ? await readCustomRules(await openToolchain(opaAt(opa), POLICIES), policies)
      : await readBuiltRules(bundle ?? '');
  if ('problems' in read) throw unusable(read.problems);
  return read;
}

function unusable(problems: readonly ReloadProblem[]): Error {
  const lines = problems.map((problem) =>
    'file' in problem
      ? `${problem.file}:${problem.line}: ${problem.path} ${problem.message} ${problem.remedy}`
      : problem.message,
  );
  return new Error(`registry or rules cannot be used:\n${lines.join('\n')}`);
}
