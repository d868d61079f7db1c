/**
 * Limpid as a library: the parts that the command line is made of.
 *
 * @example
 * const engine = await openEngine('live-x4');
 * const stream = openStream({ name: 'gate', source: openSource('rtsp://camera/live'), engine, sinks: [],
 *   reconnect: defaultReconnect, log: createLog() });
 * stream.restored$.subscribe(({ frame }) => console.log(frame.seq, frame.width, frame.height));
 */
export type { Engine, EngineSpec } from './engine/engine.js';
export { openEngine } from './engine/open-engine.js';
export { type ErrorCode, LimpidError } from './errors/limpid-error.js';
export type { DecodedFrame, Frame, FrameTiming, Picture, PixelFormat, RestoredFrame } from './frame/frame.js';
export { Lease } from './frame/lease.js';
export type { LiveStream, StreamState, StreamStatus } from './frame/live-stream.js';
export { createLog, type Log } from './log/log.js';
export { type RunningServer, startServer } from './server/server.js';
export { openRecorder } from './sink/record.js';
export type { Sink } from './sink/sink.js';
export { openSource } from './source/open-source.js';
export type { Source } from './source/source.js';
export { openStream, type RunningStream, type StreamParts } from './stream/open-stream.js';
export { defaultReconnect, type ReconnectPolicy } from './stream/sessions.js';
export { type FrameWindow, frameWindow } from './window/frame-window.js';
export { type PaddingMode, windowIndices } from './window/padding.js';
