/**
 * Loaded into a long-running child (`--import`): ends it when the process that started it is gone, however that went.
 * A test that is killed, or that times out before it could ask for a cleanup, leaves nothing behind.
 */
process.stdin.on('end', () => process.exit(1));
process.stdin.resume();
// The pipe must not keep a child alive that would end by itself.
if ('unref' in process.stdin) process.stdin.unref();
