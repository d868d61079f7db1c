import { afterEach, describe, expect, it } from 'vitest';
import { TestClient } from '../server/test-client.js';
import { LimpidProcess } from './limpid-process.js';

const open: LimpidProcess[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((limpid) => limpid.dispose()));
});

describe('limpid demo', () => {
  it('plays the bundled clip as a camera: viewer, health and both pictures of the same frame', {
    timeout: 180_000,
  }, async () => {
    const limpid = new LimpidProcess(['demo', '--port', '0']);
    open.push(limpid);
    const url = await limpid.url();
    const client = new TestClient(`${url}/streams/demo?view=pair&codec=jpeg`);
    const [first] = await client.until(() => client.frames.length >= 10 && client.frames);
    expect(first).toMatchObject({ width: 1280, height: 720, sourceWidth: 320, sourceHeight: 180 });
    expect(first?.payload.byteLength).toBeGreaterThan(0);
    expect(first?.sourcePayload.byteLength).toBeGreaterThan(0);

    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<canvas');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    // While the engine opens, frames are shown upscaled: on a busy machine that is the first ten and more.
    await expect
      .poll(async () => (await fetch(`${url}/metrics`)).text(), { timeout: 60_000, interval: 200 })
      .toMatch(/limpid_frames_restored_total\{stream="demo"\} [1-9]/);
    expect(await limpid.stop()).toBe(0);
  });
});
