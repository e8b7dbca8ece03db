/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:5a548936320def92bc9e56edc8d7b7a0cce5a36aebea646b47719d142c727c27';
