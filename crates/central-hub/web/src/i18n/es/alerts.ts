/** Announcements of inbound messages. */
export const alerts = {
  wrote: (who: string) => `${who} te escribió`,
  waiting: (count: number) =>
    count === 1 ? '1 persona espera respuesta' : `${count} personas esperan respuesta`,
  ask: '¿Te avisamos cuando alguien escriba?',
  yes: 'Sí, avisame',
  no: 'Ahora no',
  title: 'Avisos',
  text: 'Cuando alguien escribe. Valen para este navegador.',
  notify: 'Mostrar una notificación',
  notifyHint: 'Cuando estás en otra pestaña u otro programa.',
  refused: 'El navegador no las permite: se cambia en el candado al lado de la dirección.',
  none: 'Este navegador no muestra notificaciones.',
  sound: 'Hacer un sonido',
  try: 'Probar el sonido',
};
