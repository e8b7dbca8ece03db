/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:2a16b1c9d8c0bf1c2537cbd1beaf97b995c79e586d8b7ef771f4277d277d0fcc';
