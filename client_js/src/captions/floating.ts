/**
 * A window of its own above all others: Document Picture-in-Picture, which Chromium has.
 * https://wicg.github.io/document-picture-in-picture/
 */

interface DocumentPictureInPicture {
  requestWindow(options?: { width?: number; height?: number }): Promise<Window>;
}

function offered(): DocumentPictureInPicture | undefined {
  return (globalThis as { documentPictureInPicture?: DocumentPictureInPicture }).documentPictureInPicture;
}

/** Whether this browser has such windows. It opens them for pages that are secure and not framed. */
export function canFloat(): boolean {
  return offered() !== undefined;
}

/** Opens the window; to be called from a click or a key. `closed` is told when it is gone. */
export async function float(size: { width: number; height: number }, closed: () => void): Promise<Window> {
  const floating = await (offered() as DocumentPictureInPicture).requestWindow(size);
  floating.addEventListener("pagehide", closed, { once: true });
  return floating;
}
