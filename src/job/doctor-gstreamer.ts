/**
 * Is GStreamer here, and every element that a pipeline of Limpid may need?
 */
import { aptInstall, type Check } from './doctor-check.js';
import type { RunProgram } from './run-program.js';

/** One element of GStreamer that Limpid uses. */
interface Element {
  readonly name: string;
  /** Debian package that brings it. */
  readonly from: string;
  readonly does: string;
  /** Without it something is missing, but the main jobs still work. */
  readonly optional?: true;
}

const CORE = 'libgstreamer1.0-0';
const BASE = 'gstreamer1.0-plugins-base';
const GOOD = 'gstreamer1.0-plugins-good';
const BAD = 'gstreamer1.0-plugins-bad';
const UGLY = 'gstreamer1.0-plugins-ugly';
const LIBAV = 'gstreamer1.0-libav';

const ELEMENTS: readonly Element[] = [
  { name: 'fdsrc', from: CORE, does: 'reads frames from a pipe' },
  { name: 'fdsink', from: CORE, does: 'writes frames to a pipe' },
  { name: 'filesrc', from: CORE, does: 'reads files' },
  { name: 'filesink', from: CORE, does: 'writes files' },
  { name: 'clocksync', from: CORE, does: 'plays files at their own pace' },
  { name: 'gdppay', from: BAD, does: 'carries frames, caps and time over a pipe' },
  { name: 'gdpdepay', from: BAD, does: 'carries frames, caps and time over a pipe' },
  { name: 'decodebin', from: BASE, does: 'finds the decoder' },
  { name: 'parsebin', from: BASE, does: 'finds the parser of audio that is copied' },
  { name: 'videoconvert', from: BASE, does: 'converts colours' },
  { name: 'deinterlace', from: GOOD, does: 'takes the comb out of interlaced pictures' },
  { name: 'videoscale', from: BASE, does: 'scales pictures' },
  { name: 'videocrop', from: GOOD, does: 'cuts out a region of interest' },
  { name: 'videoflip', from: GOOD, does: 'turns pictures upright' },
  { name: 'rtspsrc', from: GOOD, does: 'receives RTSP' },
  { name: 'rtph264depay', from: GOOD, does: 'receives H.264 over RTP' },
  { name: 'rtph265depay', from: GOOD, does: 'receives H.265 over RTP' },
  { name: 'h264parse', from: BAD, does: 'parses H.264' },
  { name: 'h265parse', from: BAD, does: 'parses H.265' },
  { name: 'avdec_h264', from: LIBAV, does: 'decodes H.264' },
  { name: 'avdec_h265', from: LIBAV, does: 'decodes H.265' },
  { name: 'x264enc', from: UGLY, does: 'encodes H.264' },
  { name: 'qtdemux', from: GOOD, does: 'reads MP4' },
  { name: 'matroskademux', from: GOOD, does: 'reads Matroska and WebM' },
  { name: 'mp4mux', from: GOOD, does: 'writes MP4' },
  { name: 'matroskamux', from: GOOD, does: 'writes Matroska' },
  { name: 'capssetter', from: GOOD, does: 'tells muxers how long pictures last' },
  { name: 'errorignore', from: BAD, does: 'keeps trouble with the sound away from the pictures' },
  { name: 'taginject', from: GOOD, does: 'writes tags into recordings' },
  { name: 'souphttpsrc', from: GOOD, does: 'receives HTTP', optional: true },
  { name: 'multipartdemux', from: GOOD, does: 'receives Motion JPEG over HTTP', optional: true },
  { name: 'hlsdemux', from: BAD, does: 'receives HLS', optional: true },
  { name: 'udpsrc', from: GOOD, does: 'receives UDP', optional: true },
  { name: 'tsdemux', from: BAD, does: 'reads MPEG-TS', optional: true },
  { name: 'srtsrc', from: BAD, does: 'receives SRT', optional: true },
  { name: 'v4l2src', from: GOOD, does: 'reads cameras', optional: true },
  { name: 'jpegdec', from: GOOD, does: 'decodes MJPEG cameras', optional: true },
  { name: 'rtspclientsink', from: 'gstreamer1.0-rtsp', does: 'pushes to an RTSP server', optional: true },
  { name: 'rtmp2sink', from: BAD, does: 'pushes over RTMP', optional: true },
  { name: 'flvmux', from: GOOD, does: 'writes FLV, which RTMP carries', optional: true },
  { name: 'srtsink', from: BAD, does: 'pushes over SRT', optional: true },
  { name: 'udpsink', from: GOOD, does: 'pushes over UDP', optional: true },
  { name: 'mpegtsmux', from: BAD, does: 'writes MPEG-TS, which SRT and UDP carry', optional: true },
  { name: 'x265enc', from: BAD, does: 'encodes H.265', optional: true },
  { name: 'autovideosink', from: GOOD, does: 'shows pictures in a window', optional: true },
  { name: 'videotestsrc', from: BASE, does: 'makes a test pattern', optional: true },
];

/** Least version: `clocksync` and what the pipelines set on `rtspsrc` are in it. */
const LEAST = [1, 20] as const;

/** GStreamer's version, then every element on its own. Without gst-inspect-1.0 the elements can't be looked up. */
export async function checkGStreamer(run: RunProgram): Promise<readonly Check[]> {
  const version = await run('gst-inspect-1.0', ['--version']);
  if (version.ended !== 'ok') {
    const packages = [...new Set(['gstreamer1.0-tools', ...ELEMENTS.map(({ from }) => from)])];
    const detail = version.ended === 'missing' ? 'gst-inspect-1.0 is not installed' : version.problem;
    return [{ name: 'gstreamer', status: 'fail', detail, fix: aptInstall(packages) }];
  }
  const listing = await run('gst-inspect-1.0', []);
  if (listing.ended !== 'ok') {
    const detail = `gst-inspect-1.0 can't list the elements: ${listing.ended === 'failed' ? listing.problem : 'missing'}`;
    return [{ name: 'gstreamer', status: 'fail', detail, fix: aptInstall(['gstreamer1.0-tools']) }];
  }
  const present = new Set([...listing.stdout.matchAll(/^\S+:\s+(\S+):\s/gm)].map((match) => match[1]));
  return [versionCheck(version.stdout), ...ELEMENTS.map((element) => elementCheck(element, present.has(element.name)))];
}

function versionCheck(stdout: string): Check {
  const found = /version (\d+)\.(\d+)\.\d+/.exec(stdout);
  const [major, minor] = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)];
  const detail = found?.[0] ?? 'version unknown';
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) {
    return { name: 'gstreamer', status: 'ok', detail };
  }
  return {
    name: 'gstreamer',
    status: 'fail',
    detail: `${detail}, but ${LEAST.join('.')} or newer is needed`,
    fix: 'use Debian 12, Ubuntu 22.04 or newer, then npm start',
  };
}

function elementCheck({ name, from, does, optional }: Element, present: boolean): Check {
  const check = { name: `element ${name}`, detail: present ? does : `missing: ${does}` };
  if (present) {
    return { ...check, status: 'ok' };
  }
  return { ...check, status: optional ? 'warn' : 'fail', fix: aptInstall([from]) };
}
