/** Servers for one test each, closed after it. */
import { afterEach } from 'vitest';
import { silentLog } from '../../src/log/log.js';
import { type RunningServer, type StartServerOptions, startServer } from '../../src/server/server.js';
import { SyntheticStream } from './synthetic-stream.js';

const open: RunningServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** Starts a server with one synthetic stream, "gate", unless other streams are given. */
export async function serve(options: Partial<StartServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ streams: [new SyntheticStream()], log: silentLog, port: 0, ...options });
  open.push(server);
  return server;
}
