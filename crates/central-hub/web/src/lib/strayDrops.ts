/**
 * Keeps the browser from opening a file that falls beside the place for it, instead of the page and
 * all that is being written there.
 */
export function ignoreStrayDrops(): void {
  const ignore = (event: DragEvent) => {
    // A place that takes files came first; a field for a file takes one by itself.
    const isTaken =
      event.defaultPrevented ||
      (event.target instanceof Element && event.target.matches('input[type="file"]'));
    if (isTaken || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  };
  window.addEventListener('dragover', ignore);
  window.addEventListener('drop', ignore);
}
