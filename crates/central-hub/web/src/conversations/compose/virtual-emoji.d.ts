/** Made by the plugin in `vite.config.ts`, from `emojibase-data`. */
declare module 'virtual:emoji' {
  /** The emoji, its group, its names in Spanish and English, and words to find it by. */
  const rows: readonly (readonly [emoji: string, group: number, es: string, en: string, words: string])[];
  export default rows;
}
