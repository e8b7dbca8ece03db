/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:f65613ba150a88004587bdb01da02ee32f6c7864fce1d59929875ea48856467a';
