/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:4269ae40a49267b81dfe31842eef28799363dfed9105a97c4ac3dc8e93102923';
