/** `import 'audgate/testing/vitest'`, in a test or among `setupFiles`: the matchers, with their types. */
import { expect } from 'vitest';
import type { ReasonCode } from '../decision/reasons.ts';
import { matchers } from './matchers.ts';

declare module 'vitest' {
  // Merged with vitest's own, which wants exactly these parameters.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** The decision is an allow. */
    toAllow(): R;
    /** The decision is a deny with all these codes among its reasons. */
    toDenyWith(...codes: readonly ReasonCode[]): R;
  }
}

expect.extend(matchers);
