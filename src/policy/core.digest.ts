/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:e739dac9df27491a8964bacac576a8ad48163215d3103b5023774153105cc531';
