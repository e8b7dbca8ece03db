/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:c8a6dbd3d01da3e94b43f610084351bf64dafabeac9ca71c9eb24027f70f16a7';
