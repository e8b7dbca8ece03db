/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:bc8c472969b24abe9cacbbcf772618d69886eb650d61131ae36ddafc0005c1fe';
