/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:29ea9b048a4bc0af8ca3c4afa853bc079aedd2715ed8b62b1321289d80432766';
