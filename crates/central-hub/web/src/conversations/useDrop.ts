import { useEffect, useState, type RefObject } from 'react';

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

/**
 * Passes on files dropped on an element, and whether there was a folder among them; returns whether
 * files are being dragged over it.
 */
export function useDrop(
  zone: RefObject<HTMLElement | null>,
  onFiles: (files: readonly File[], hadFolder: boolean) => void,
): boolean {
  const [hovers, setHovers] = useState(false);

  useEffect(() => {
    const element = zone.current;
    if (!element) return;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      // Otherwise the browser would open the file.
      event.preventDefault();
      setHovers(true);
    };
    const leave = (event: DragEvent) => {
      // `dragleave` also fires between two children.
      if (!element.contains(event.relatedTarget as Node | null)) setHovers(false);
    };
    const drop = (event: DragEvent) => {
      setHovers(false);
      if (!event.dataTransfer || !hasFiles(event)) return;
      event.preventDefault();
      // Skips folders, which are listed as unreadable files.
      const all = [...event.dataTransfer.items];
      const items = all.filter((item) => item.webkitGetAsEntry()?.isFile !== false);
      onFiles(items.flatMap((item) => item.getAsFile() ?? []), items.length < all.length);
    };
    element.addEventListener('dragover', over);
    element.addEventListener('dragleave', leave);
    element.addEventListener('drop', drop);
    return () => {
      element.removeEventListener('dragover', over);
      element.removeEventListener('dragleave', leave);
      element.removeEventListener('drop', drop);
    };
  }, [zone, onFiles]);

  return hovers;
}
