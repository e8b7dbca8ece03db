/** The types that the client asks by are those that the schemas take: checked by the compiler, for there is nothing to run. */
import { expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import type { AllowedQuestion, DecideQuestion, ExplainQuestion } from '../../../src/decision/question.ts';
import type { allowedRequest, decideRequest, explainRequest } from '../../../src/http/native/schema.ts';

type Decide = z.output<typeof decideRequest>;
type Explain = z.output<typeof explainRequest>;
type Allowed = z.output<typeof allowedRequest>;

test('whatever the schemas let in is a question', () => {
  expectTypeOf<Decide>().toExtend<DecideQuestion>();
  expectTypeOf<Explain>().toExtend<ExplainQuestion>();
  expectTypeOf<Allowed>().toExtend<AllowedQuestion>();
});

test('every member of a question is one of the schemas’, and the other way about', () => {
  expectTypeOf<keyof DecideQuestion>().toEqualTypeOf<keyof Decide>();
  expectTypeOf<keyof ExplainQuestion>().toEqualTypeOf<keyof Explain>();
  expectTypeOf<keyof AllowedQuestion>().toEqualTypeOf<keyof Allowed>();
  expectTypeOf<keyof NonNullable<DecideQuestion['call']>>().toEqualTypeOf<keyof NonNullable<Decide['call']>>();
  expectTypeOf<keyof NonNullable<DecideQuestion['http']>>().toEqualTypeOf<keyof NonNullable<Decide['http']>>();
  expectTypeOf<keyof NonNullable<DecideQuestion['proof']>>().toEqualTypeOf<keyof NonNullable<Decide['proof']>>();
  expectTypeOf<keyof NonNullable<DecideQuestion['context']>>().toEqualTypeOf<keyof NonNullable<Decide['context']>>();
  expectTypeOf<DecideQuestion['body']>().toEqualTypeOf<Readonly<Decide['body']>>();
  expectTypeOf<DecideQuestion['message']>().toEqualTypeOf<Decide['message']>();
});
