/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:001f5943f4328a84f11149ad09a8df470543332e6276a5938cd3510007b60b6d';
