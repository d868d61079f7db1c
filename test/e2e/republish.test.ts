import { afterEach, describe, expect, it } from 'vitest';
import { freeUdpPort } from '../fixtures/ports.js';
import { pulled } from '../fixtures/pulled.js';
import { startRtspRelay } from '../fixtures/rtsp-server.js';
import { LimpidProcess } from './limpid-process.js';

const open: { dispose(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.dispose()));
});

describe('limpid run --push', { timeout: 120_000 }, () => {
  it('publishes the restored stream on an RTSP relay, from which others pull it', async () => {
    const relay = await startRtspRelay({ inner: await freeUdpPort() });
    open.push(relay);
    const source = ['--source', 'test:ball?size=64x48&rate=10', '--model', 'bypass', '--port', '0'];
    const limpid = new LimpidProcess(['run', ...source, '--push', relay.uri]);
    open.unshift(limpid);
    // The ball moves: no two pictures are alike. Those who pull get the same, one after the other and at once.
    const player = { codec: 'h264', width: 256, height: 192, frames: 10, distinct: 10 };
    expect(await pulled(relay.relayedUri)).toEqual(player);
    expect(await Promise.all([pulled(relay.relayedUri), pulled(relay.relayedUri)])).toEqual([player, player]);
    expect(await limpid.stop()).toBe(0);
  });
});
