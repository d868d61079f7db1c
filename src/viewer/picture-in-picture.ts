/**
 * The picture in a small window that stays on top.
 */

/** Whether this browser has it. */
export function pictureInPictureAvailable(): boolean {
  return document.pictureInPictureEnabled === true;
}

/** Shows a canvas in a small window, or closes that window. `redraw` draws the canvas as it is. */
export async function togglePictureInPicture(canvas: HTMLCanvasElement, redraw: () => void): Promise<void> {
  if (document.pictureInPictureElement !== null) {
    await document.exitPictureInPicture();
    return;
  }
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = canvas.captureStream();
  // The video begins with the next drawing, which a paused or stalled stream does not bring.
  redraw();
  video.addEventListener('leavepictureinpicture', () => {
    for (const track of video.srcObject instanceof MediaStream ? video.srcObject.getTracks() : []) {
      track.stop();
    }
  });
  await video.play();
  await video.requestPictureInPicture();
}
