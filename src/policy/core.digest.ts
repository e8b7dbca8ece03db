/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:330d15c46e81c97f4b3ffda03ba1c31ea5326a52a0ae398da3b24b61de5bad1f';
