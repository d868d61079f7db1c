/**
 * Limpid as a library: a whole configuration at work, or the parts it is made of.
 *
 * @example
 * import { checkConfig, startLimpid } from 'limpid';
 *
 * const config = checkConfig({
 *   server: { port: 0 },
 *   streams: [{ name: 'gate', source: 'rtsp://camera/live', model: 'live-x4' }],
 * });
 * const limpid = await startLimpid(config);
 * limpid.streams[0]?.restored$.subscribe(({ frame }) => console.log(frame.seq, frame.width, frame.height));
 * await limpid.control.change('gate', { model: 'bypass' });
 * await limpid.close();
 */
export { type Config, type ConfigInput, checkConfig, loadConfig, parseConfig } from './config/config.js';
export type { Engine, EngineSpec } from './engine/engine.js';
export { openEngine } from './engine/open-engine.js';
export { type ErrorCode, LimpidError } from './errors/limpid-error.js';
export type { DecodedFrame, Frame, FrameTiming, Picture, PixelFormat, RestoredFrame } from './frame/frame.js';
export { Lease } from './frame/lease.js';
export type { LiveStream, StreamState, StreamStatus } from './frame/live-stream.js';
export { createLog, type Log } from './log/log.js';
export { type RunningServer, type StartServerOptions, startServer } from './server/server.js';
export type { StreamChange, StreamControl } from './server/stream-control.js';
export { createToken, type NewToken } from './server/token.js';
export { type ReloadReport, type RunningLimpid, type StartLimpidOptions, startLimpid } from './service/limpid.js';
export { openRecorder } from './sink/record.js';
export type { Sink } from './sink/sink.js';
export { openSource } from './source/open-source.js';
export type { Source } from './source/source.js';
export { openStream, type RunningStream, type StreamParts } from './stream/open-stream.js';
export { defaultReconnect, type ReconnectPolicy } from './stream/sessions.js';
export { type FrameWindow, frameWindow } from './window/frame-window.js';
export { type PaddingMode, windowIndices } from './window/padding.js';
