/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:8dd8083ad22773a4a94c70c926e05a639e94ec33c62272f6b4254b48c272ed44';
