/**
 * The picture in a small window that stays on top.
 */

/** Whether this browser has it. */
export function pictureInPictureAvailable(): boolean {
  return document.pictureInPictureEnabled === true;
}

/** Shows a canvas in a small window, or closes that window. */
export async function togglePictureInPicture(canvas: HTMLCanvasElement): Promise<void> {
  if (document.pictureInPictureElement !== null) {
    await document.exitPictureInPicture();
    return;
  }
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = canvas.captureStream();
  video.addEventListener('leavepictureinpicture', () => {
    for (const track of video.srcObject instanceof MediaStream ? video.srcObject.getTracks() : []) {
      track.stop();
    }
  });
  await video.play();
  await video.requestPictureInPicture();
}
