/** The switch that stops all sending. */
export const sending = {
  title: 'Envíos',
  text: 'Con esto se para todo al instante: campañas, respuestas y lo que mandan otros programas.',
  stop: 'Detener todos los envíos',
  resume: 'Reanudar los envíos',
  on: 'Los envíos no están detenidos.',
  onSince: (who: string | null, when: string) =>
    `Los envíos no están detenidos${who === null ? '' : `: los reanudó ${who}, ${when}`}.`,
  stopped: (who: string | null, when: string | null) =>
    `Envíos detenidos${who === null ? '' : ` por ${who}`}${when === null ? '' : `, ${when}`}: no sale ningún mensaje.`,
  stopTitle: '¿Detener todos los envíos?',
  stopText:
    'No sale nada más hasta que alguien los reanude: ni campañas ni respuestas. Lo que llega se sigue viendo. Lo que WhatsApp ya tiene no se puede traer de vuelta.',
  resumeTitle: '¿Reanudar los envíos?',
  resumeText: 'Las campañas en marcha siguen según su horario, y se puede volver a contestar.',
  answer: 'Los envíos están detenidos: no se puede contestar desde acá.',
};
