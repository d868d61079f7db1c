/**
 * Which decoders GStreamer is to prefer. It tries them by rank and goes on to the next where one can't be opened, so that
 * software decodes what no hardware does.
 */

const HARDWARE = [
  ...['nvh264dec', 'nvh265dec', 'nvav1dec', 'nvvp9dec', 'nvmpeg2videodec', 'nvjpegdec'],
  ...['vah264dec', 'vah265dec', 'vaav1dec', 'vavp9dec', 'vampeg2dec', 'vajpegdec'],
  ...['vaapih264dec', 'vaapih265dec', 'vaapivp9dec', 'vaapimpeg2dec', 'vaapijpegdec'],
  ...['v4l2h264dec', 'v4l2h265dec', 'v4l2slh264dec', 'v4l2slh265dec'],
];
/** Above GST_RANK_PRIMARY (256), which software decoders have. */
const PREFERRED = 320;
const ELEMENT_NUMBER = /-?\d+$/;

/** A value of GST_PLUGIN_FEATURE_RANK. Names that are not installed are no error. */
export function decoderRanks(decoder: 'auto' | 'software'): string {
  const rank = decoder === 'auto' ? PREFERRED : 'NONE';
  return HARDWARE.map((name) => `${name}:${rank}`).join(',');
}

/** Whether an element of a pipeline, by the name GStreamer gave it ("nvh264dec0"), is a hardware decoder. */
export function isHardwareDecoder(element: string): boolean {
  return HARDWARE.includes(element.replace(ELEMENT_NUMBER, '')) || HARDWARE.includes(element);
}
