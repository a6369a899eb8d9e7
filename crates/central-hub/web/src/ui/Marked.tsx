import { marksOf } from '../lib/searchMarks';

/** A text with the searched words marked. */
export const Marked = ({ text, search }: { text: string; search: string }) =>
  marksOf(text, search).map(({ text: part, hit }, at) => (hit ? <mark key={at}>{part}</mark> : part));
