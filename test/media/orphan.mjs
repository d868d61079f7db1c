/**
 * A main process for tests that is killed while its media process runs: starts one, or a recording, and prints its pid.
 */
import { MediaProcess } from '../../dist/media/media-process.js';
import { openRecorder } from '../../dist/sink/record.js';

const [what, dir] = process.argv.slice(2);
const WIDTH = 160;
const HEIGHT = 96;

if (what === 'record') {
  const recorder = openRecorder({ dir, container: 'mp4' });
  for (let seq = 0; seq < 60; seq += 1) {
    const data = new Uint8Array(WIDTH * HEIGHT * 3).fill(seq);
    await recorder.write({ width: WIDTH, height: HEIGHT, data, ptsNs: BigInt(seq) * 40_000_000n });
  }
  process.stdout.write(`ready ${recorder.files[0]}\n`);
} else {
  const media = MediaProcess.start({ launch: `videotestsrc is-live=true ! video/x-raw,format=RGB ! gdppay ! ${what}` });
  media.media.once('data', () => process.stdout.write(`ready ${media.pid}\n`));
}
setInterval(() => undefined, 1_000);
