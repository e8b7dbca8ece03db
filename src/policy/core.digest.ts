/** Written by `npm run policy:build`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = 'sha256:ff2e055e0ff633c749f1387f76895eb7f69963e1114eb21461e0227876cd979c';
