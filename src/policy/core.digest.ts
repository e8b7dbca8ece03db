/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:4f2b742e260a28192a90d3b3202aa9748dda3c7872c5320ca74a7ffdecc86cf4';
